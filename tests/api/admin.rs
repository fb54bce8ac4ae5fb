//! Server administration: `/_matrix/client/v1/admin/…`

use std::sync::OnceLock;

use testkit::{Server, User};

mod get_user_info;
mod lock_user;
mod suspend_user;

/// A hospital with an administrator. Only the operator makes one, while the server rests.
pub(crate) fn hospital() -> (&'static Server, &'static User) {
    static HOSPITAL: OnceLock<(Server, User)> = OnceLock::new();
    let (server, admin) = HOSPITAL.get_or_init(|| {
        let mut server = Server::start();
        let admin = server.register("chief");
        server.stop();
        let made = server.konsil(&["user", "admin", "chief"]);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        server.resume();
        (server, admin)
    });
    (server, admin)
}
