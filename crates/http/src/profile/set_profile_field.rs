//! `PUT /_matrix/client/v3/profile/{userId}/{keyName}`
//! <https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3profileuseridkeyname>

use std::collections::HashMap;

use homeserver::{Session, profiles};
use http::Method;
use ruma::api::{
    IncomingRequest, Metadata,
    client::profile::set_profile_field::v3::{Request, Response},
    error::DeserializationError,
};
use serde::de::Error as _;
use serde_json::value::RawValue;

use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

/// The request of ruma, which takes a body for broken JSON unless the field is all there is in it.
pub struct SetField(Request);

impl Metadata for SetField {
    const METHOD: Method = Request::METHOD;
    const RATE_LIMITED: bool = Request::RATE_LIMITED;
    type Authentication = <Request as Metadata>::Authentication;
    type PathBuilder = <Request as Metadata>::PathBuilder;
    const PATH_BUILDER: Self::PathBuilder = Request::PATH_BUILDER;
}

impl IncomingRequest for SetField {
    type EndpointError = <Request as IncomingRequest>::EndpointError;
    type OutgoingResponse = Response;

    fn try_from_http_request_inner(
        request: http::Request<&[u8]>,
        path_args: &[&str],
    ) -> Result<Self, DeserializationError> {
        let (head, body) = request.into_parts();
        let field = path_args.last().copied().unwrap_or_default();
        let fields: HashMap<String, &RawValue> = serde_json::from_slice(body)?;
        let value = fields
            .get(field)
            .ok_or_else(|| serde_json::Error::custom(format!("missing field `{field}`")))?;
        let alone = serde_json::to_vec(&HashMap::from([(field, value)]))?;
        let request = http::Request::from_parts(head, alone.as_slice());
        Request::try_from_http_request_inner(request, path_args).map(Self)
    }
}

pub async fn set_profile_field(
    Call { hs, request: SetField(request), .. }: Call<SetField>,
    session: Session,
) -> Result<Typed<Response>, ApiError> {
    let (key, value) = (request.value.field_name(), request.value.value());
    profiles::set_field(&hs, &session, &request.user_id, key.as_str(), &value).await?;
    Ok(Typed(Response::new()))
}
