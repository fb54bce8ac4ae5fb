//! The hospital's directory of people.

use crate::Endpoints;

pub mod search_users;

pub(crate) fn routes(endpoints: Endpoints) -> Endpoints {
    endpoints.user(search_users::search_users)
}
