//! Keys that came from a backup and that the SDK has come to refuse: whenever a sender's device changes, be it by its name, the SDK
//! looks at all keys of that device once more, and of a key that came from a backup it can only find that nobody can say whose it is.
//! It knew that before, and had allowed it ("legacy", with a mark at the message); now it forbids it, and what was not read yet never
//! can be.

use matrix_sdk_base::crypto::{
    CryptoStoreError,
    olm::{InboundGroupSession, SenderData},
    store::CryptoStore,
};
use ruma::RoomId;

use super::Missing;
use crate::session::core::Core;

/// Has those of these keys that came from a backup, or from a file, count again for what they counted when they came.
pub(super) async fn allow(
    core: &Core,
    room: &RoomId,
    sessions: &Missing,
) -> Result<(), CryptoStoreError> {
    let machine = core.base.olm_machine().await;
    let Some(machine) = machine.as_ref() else { return Ok(()) };
    let store = machine.store();
    for session in sessions.keys() {
        let Some(mut session) = store.get_inbound_group_session(room, session).await? else {
            continue;
        };
        if is_refused(&session) {
            let version = match session.backed_up() {
                true => store.load_backup_keys().await?.backup_version,
                false => None,
            };
            session.sender_data = SenderData::legacy();
            // At once: a better key that comes in between would be lost.
            let session = vec![session];
            CryptoStore::save_inbound_group_sessions(&**store, session, version.as_deref()).await?;
        }
    }
    Ok(())
}

/// Not a key whose owner came with it to this device: that one is confirmed, or waits for its owner.
fn is_refused(session: &InboundGroupSession) -> bool {
    let is_nobodys =
        matches!(session.sender_data, SenderData::UnknownDevice { legacy_session: false, .. });
    is_nobodys && session.has_been_imported()
}
