//! `PUT /_matrix/client/v3/rooms/{roomId}/typing/{userId}`
//! <https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3roomsroomidtypinguserid>

use std::time::Duration;

use homeserver::{Session, typing};
use ruma::api::{
    IncomingRequest, Metadata,
    client::typing::create_typing_event::v3::{Request, Response, Typing},
    error::DeserializationError,
};
use serde_json::Value;

use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

/// How long somebody types whose client does not say it.
const USUAL_TIMEOUT: Duration = Duration::from_secs(30);

/// Typing for some time: the specification lets clients leave it out, ruma 0.17 does not.
pub struct ForSomeTime(Request);

impl Metadata for ForSomeTime {
    const METHOD: http::Method = Request::METHOD;
    const RATE_LIMITED: bool = Request::RATE_LIMITED;
    type Authentication = <Request as Metadata>::Authentication;
    type PathBuilder = <Request as Metadata>::PathBuilder;
    const PATH_BUILDER: Self::PathBuilder = Request::PATH_BUILDER;
}

impl IncomingRequest for ForSomeTime {
    type EndpointError = <Request as IncomingRequest>::EndpointError;
    type OutgoingResponse = <Request as IncomingRequest>::OutgoingResponse;

    fn try_from_http_request_inner(
        request: http::Request<&[u8]>,
        path_args: &[&str],
    ) -> Result<Self, DeserializationError> {
        let (parts, body) = request.into_parts();
        let mut body: Value = serde_json::from_slice(body)?;
        if body["typing"] == true && body.get("timeout").is_none() {
            body["timeout"] = u64::try_from(USUAL_TIMEOUT.as_millis()).unwrap_or_default().into();
        }
        let body = serde_json::to_vec(&body)?;
        let request = http::Request::from_parts(parts, body.as_slice());
        Request::try_from_http_request_inner(request, path_args).map(Self)
    }
}

pub async fn create_typing_event(
    Call { hs, request: ForSomeTime(request), .. }: Call<ForSomeTime>,
    session: Session,
) -> Result<Typed<Response>, ApiError> {
    let timeout = match request.state {
        Typing::No => None,
        Typing::Yes(typing) => Some(typing.timeout),
    };
    typing::set(&hs, &session, &request.room_id, &request.user_id, timeout).await?;
    Ok(Typed(Response::new()))
}
