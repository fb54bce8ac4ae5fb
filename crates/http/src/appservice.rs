//! What only application services ask, and what people ask of them.

pub mod request_ping;
pub mod set_room_visibility;
pub mod thirdparty;

use crate::Endpoints;

pub(crate) fn routes(endpoints: Endpoints) -> Endpoints {
    endpoints
        .user(request_ping::request_ping)
        .user(set_room_visibility::set_room_visibility)
        .user(thirdparty::get_protocols)
        .user(thirdparty::get_protocol)
        .user(thirdparty::get_user_for_protocol)
        .user(thirdparty::get_location_for_protocol)
        .user(thirdparty::get_user_for_user_id)
        .user(thirdparty::get_location_for_room_alias)
}
