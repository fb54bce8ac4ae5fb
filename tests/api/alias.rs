//! Endpoints of the chapter “alias”.

use testkit::{User, matrix::escape};

mod aliases;
mod create_alias;
mod delete_alias;
mod get_alias;

/// An alias of the user's own server, with the path of its endpoints.
fn alias(user: &User, name: &str) -> (String, String) {
    let (_, server) = user.id.split_once(':').expect("a user id has a server name");
    let alias = format!("#{name}-{}:{server}", user.localpart);
    let path = format!("/_matrix/client/v3/directory/room/{}", escape(&alias));
    (alias, path)
}
