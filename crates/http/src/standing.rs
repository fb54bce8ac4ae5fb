//! What an account may do that an administrator has locked or suspended.
//! <https://spec.matrix.org/v1.19/client-server-api/#account-moderation>

use axum::http::Method;

/// The segments of a path behind `/_matrix/client/…/`, whatever version it names.
fn segments(path: &str) -> Vec<&str> {
    let rest = path.strip_prefix("/_matrix/client/").unwrap_or_default();
    let mut segments: Vec<_> = rest.split('/').collect();
    let version = match segments.first() {
        Some(&"unstable") => 2.min(segments.len()),
        _ => 1.min(segments.len()),
    };
    segments.drain(..version);
    segments
}

/// Whether a locked account may ask this: it can only sign out.
pub fn locked_may(method: &Method, path: &str) -> bool {
    method == Method::POST && matches!(segments(path)[..], ["logout"] | ["logout", "all"])
}

/// Whether a suspended account may ask this. It may read, verify and back up, tidy up, leave and sign out; nothing that
/// others see of it changes.
pub fn suspended_may(method: &Method, path: &str) -> bool {
    if method == Method::GET {
        return true;
    }
    // Locking one's own app.
    if path.starts_with("/_konsil/lock/") {
        return true;
    }
    // The file of a message that is taken back.
    if method == Method::DELETE && path.starts_with("/_konsil/media/") {
        return true;
    }
    match segments(path)[..] {
        // Reading.
        ["sync"] | ["user", _, "filter"] | ["search"] | ["publicRooms"] => true,
        ["user_directory", "search"] => true,
        ["rooms", _, "read_markers"] | ["rooms", _, "receipt", ..] => true,
        // Keys, and the person's own devices among themselves.
        ["keys", ..] | ["room_keys", ..] | ["dehydrated_device", ..] | ["sendToDevice", ..] => true,
        // The person's own settings.
        ["user", _, "account_data", ..] => true,
        ["user", _, "rooms", _, "account_data" | "tags", ..] => true,
        ["pushers", ..] | ["pushrules", ..] => true,
        // Leaving, and taking back one's own.
        ["rooms", _, "leave" | "forget"] | ["rooms", _, "redact", ..] => true,
        ["rooms", _, "send", "m.room.redaction", _] => true,
        // Devices and the account itself.
        ["login", "get_token"] | ["logout", ..] | ["devices", _] | ["delete_devices"] => true,
        ["account", "password" | "deactivate"] => true,
        // An appeal, or a warning.
        ["rooms", _, "report", ..] | ["users", _, "report"] => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locked_account_can_only_sign_out() {
        assert!(locked_may(&Method::POST, "/_matrix/client/v3/logout"));
        assert!(locked_may(&Method::POST, "/_matrix/client/r0/logout/all"));
        assert!(!locked_may(&Method::GET, "/_matrix/client/v3/sync"));
        assert!(!locked_may(&Method::POST, "/_matrix/client/v3/rooms/logout/all"));
    }

    #[test]
    fn a_suspended_account_reads_and_tidies_up_and_does_nothing_that_others_see() {
        for (method, path) in [
            (Method::GET, "/_matrix/client/v3/sync"),
            (Method::POST, "/_matrix/client/unstable/org.matrix.simplified_msc3575/sync"),
            (Method::POST, "/_matrix/client/v3/keys/upload"),
            (Method::PUT, "/_matrix/client/v3/room_keys/keys"),
            (Method::POST, "/_matrix/client/v3/rooms/!a/leave"),
            (Method::PUT, "/_matrix/client/v3/rooms/!a/redact/$b/1"),
            (Method::DELETE, "/_matrix/client/v3/devices/ABC"),
            (Method::DELETE, "/_konsil/media/file/a/b"),
            (Method::POST, "/_matrix/client/v3/account/deactivate"),
        ] {
            assert!(suspended_may(&method, path), "{method} {path}");
        }
        for (method, path) in [
            (Method::PUT, "/_matrix/client/v3/rooms/!a/send/m.room.encrypted/1"),
            (Method::PUT, "/_matrix/client/v3/rooms/!a/state/m.room.name"),
            (Method::POST, "/_matrix/client/v3/createRoom"),
            (Method::POST, "/_matrix/client/v3/rooms/!a/join"),
            (Method::PUT, "/_matrix/client/v3/profile/@a:b/displayname"),
            (Method::POST, "/_matrix/media/v3/upload"),
            (Method::POST, "/_konsil/media/file/a/b/copy"),
            (Method::POST, "/_matrix/client/v3/user/@a:b/openid/request_token"),
        ] {
            assert!(!suspended_may(&method, path), "{method} {path}");
        }
    }
}
