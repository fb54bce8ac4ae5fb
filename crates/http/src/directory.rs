//! The hospital's directories of people and of rooms.

use axum::http::Method;

use crate::Endpoints;

pub mod get_public_rooms;
pub mod get_room_visibility;
pub mod search_users;
pub mod set_room_visibility;

pub(crate) fn routes(endpoints: Endpoints) -> Endpoints {
    endpoints
        .user(search_users::search_users)
        .public(get_public_rooms::get_public_rooms)
        .user(get_public_rooms::get_public_rooms_filtered)
        .public(get_room_visibility::get_room_visibility)
        .raw_user(Method::PUT, set_room_visibility::PATHS, set_room_visibility::set_room_visibility)
}
