//! Reports to the hospital's administrators.
//! <https://spec.matrix.org/v1.19/client-server-api/#reporting-content>

use homeserver::reports::ReportError;

use crate::{Endpoints, error::ApiError};

pub mod report_content;
pub mod report_room;
pub mod report_user;

pub(crate) fn routes(endpoints: Endpoints) -> Endpoints {
    endpoints
        .user(report_content::report_content)
        .user(report_room::report_room)
        .user(report_user::report_user)
}

impl From<ReportError> for ApiError {
    fn from(error: ReportError) -> Self {
        match error {
            ReportError::Unknown => {
                Self::not_found("The event is not known, or you are not in its room")
            }
            ReportError::TooLong => Self::too_large("The reason is too long"),
            ReportError::Limited(exceeded) => exceeded.into(),
            ReportError::Store(error) => error.into(),
            ReportError::Commit(error) => error.into(),
        }
    }
}
