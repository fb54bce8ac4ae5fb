//! Endpoints of the chapter “profile”.

mod get_profile;
mod set_profile_field;

use testkit::{User, matrix::escape};

fn profile(user: &User) -> String {
    format!("/_matrix/client/v3/profile/{}", escape(&user.id))
}

fn field(user: &User, key: &str) -> String {
    format!("{}/{}", profile(user), escape(key))
}
