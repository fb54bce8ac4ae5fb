//! Invitations (IV.b): what the page behind an invitation's link asks. The token comes in the body, so that no address and no log has it.

use axum::{
    extract::Request,
    http::{Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use homeserver::{
    invitations::{self, InvitationError},
    limits::Subject,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{Endpoints, Tenants, address, endpoint, error::ApiError};

pub(crate) fn routes(endpoints: Endpoints) -> Endpoints {
    endpoints.raw(Method::POST, "/_konsil/invitation", look).raw(
        Method::POST,
        "/_konsil/invitation/accept",
        accept,
    )
}

#[derive(Deserialize)]
struct Look {
    token: String,
}

#[derive(Deserialize)]
struct Accept {
    token: String,
    password: String,
}

/// `POST /_konsil/invitation`: `user_id`, `display_name` and `expires_ts` (ms) of whom the link is for.
async fn look(tenants: Tenants, request: Request) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let hs = tenants.of(&parts)?;
    address::count(&hs, &parts, Subject::Stranger)?;
    let Look { token } = read(Request::from_parts(parts, body)).await?;
    let invitation = invitations::look(&hs, &token).await?;
    Ok(answer(json!({
        "user_id": invitation.user_id,
        "display_name": invitation.person.display_name,
        "expires_ts": invitation.expires.0,
    })))
}

/// `POST /_konsil/invitation/accept`: makes the account. Signing in is another request, as always.
async fn accept(tenants: Tenants, request: Request) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let hs = tenants.of(&parts)?;
    address::count(&hs, &parts, Subject::SignInFrom)?;
    let Accept { token, password } = read(Request::from_parts(parts, body)).await?;
    // Only for a link that is good a password is hashed.
    invitations::look(&hs, &token).await?;
    hs.count(Subject::Registration)?;
    let user_id = invitations::accept(&hs, &token, &password).await?;
    Ok(answer(json!({ "user_id": user_id })))
}

async fn read<T: DeserializeOwned>(request: Request) -> Result<T, ApiError> {
    let (_, body, _) = endpoint::split(request).await?;
    serde_json::from_slice(&body).map_err(|_| ApiError::bad_json("token or password is missing"))
}

fn answer(body: Value) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (headers, body.to_string()).into_response()
}

impl From<InvitationError> for ApiError {
    fn from(error: InvitationError) -> Self {
        let gone = |code: &str, message: &str| {
            Self::json(StatusCode::GONE, json!({ "errcode": code, "error": message }))
        };
        match error {
            InvitationError::Unknown => Self::not_found("There is no such invitation"),
            InvitationError::Used => {
                gone("DE.KONSIL.INVITATION_USED", "The invitation has been used")
            }
            InvitationError::Ended => {
                gone("DE.KONSIL.INVITATION_ENDED", "The invitation has ended")
            }
            InvitationError::Account(error) => error.into(),
            InvitationError::Store(error) => error.into(),
            InvitationError::Commit(error) => error.into(),
        }
    }
}
