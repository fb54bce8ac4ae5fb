//! `POST /_matrix/client/v3/account/deactivate`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3accountdeactivate>

use homeserver::{Session, accounts, uiaa};
use ruma::api::client::account::{
    ThirdPartyIdRemovalStatus,
    deactivate::v3::{Request, Response},
};

use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn deactivate(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Typed<Response>, ApiError> {
    uiaa::authorise(&hs, &session, "POST account/deactivate", request.auth.as_ref()).await?;
    accounts::deactivate(&hs, &session, request.erase).await?;
    // There was nothing to remove from an identity server.
    Ok(Typed(Response::new(ThirdPartyIdRemovalStatus::Success)))
}
