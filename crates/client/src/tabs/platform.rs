//! Web Locks: the browser gives the lock to one tab and takes it back when that tab goes away, however it ends.

use super::TabRole;

pub async fn elect() -> TabRole {
    crate::later().await
}
pub async fn wait_for_turn() {
    crate::later().await
}
pub async fn take_over() {
    crate::later().await
}
pub async fn lost() {
    crate::later().await
}
