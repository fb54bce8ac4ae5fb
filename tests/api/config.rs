//! Endpoints of the chapter “config”: account data.

mod get_global_account_data;
mod set_global_account_data;
mod set_room_account_data;

use testkit::matrix::escape;

fn global(user: &testkit::User, kind: &str) -> String {
    format!("/_matrix/client/v3/user/{}/account_data/{}", escape(&user.id), escape(kind))
}

pub(crate) fn in_room(user: &testkit::User, room: &str, kind: &str) -> String {
    let (user, room, kind) = (escape(&user.id), escape(room), escape(kind));
    format!("/_matrix/client/v3/user/{user}/rooms/{room}/account_data/{kind}")
}
