//! End-to-end encryption keys: kept, handed out and announced; nothing here can decrypt.
//!
//! What other modules call:
//!
//! | who | calls | when |
//! | --- | --- | --- |
//! | accounts, devices | [`touch_device_list`]`(batch, user)` | a device was added or renamed |
//! | accounts | [`forget_device`]`(batch, user, device)` | before the batch deletes the device's row |
//! | sync, sliding sync | [`changed_users`]`(hs, session, since, upto)` | for `device_lists`, only in incremental answers |
//! | sync, sliding sync | [`supply`]`(hs, device)` | for one-time-key counts and unused fallback types, in every answer |
//!
//! A change of a user's devices or keys is one row `(user, pos)` and one [`Touched::DeviceList`](store::Touched); whom it
//! concerns is found when it is read. Who begins to share a room counts as changed, who no longer shares one as left.
//!
//! <https://spec.matrix.org/v1.19/client-server-api/#end-to-end-encryption>

mod changes;
mod claim;
mod cross_signing;
pub mod dehydrated;
mod json;
mod published;
mod query;
mod signatures;
mod supply;
mod upload;

use base::{DeviceNid, UserNid};
use db::Batch;
use store::keys as rows;

pub use changes::{DeviceListChanges, changed_users};
pub use claim::{ClaimError, ClaimedKeys, claim};
pub use cross_signing::{CrossSigningError, CrossSigningUpload, upload_cross_signing};
pub use published::PublishedKeys;
pub use query::{QueriedKeys, QueryError, query};
pub use signatures::{SignatureFailure, SignaturesError, upload_signatures};
pub use supply::{Supplies, Supply, supply};
pub use upload::{KeyUpload, NamedKey, UploadError, upload};

/// Adds to the batch that devices or keys of a user changed, for all who share a room with them.
pub fn touch_device_list(batch: &mut Batch, user: UserNid) {
    rows::touch_device_list(batch, user);
}

/// Adds to the batch that the keys of a device are gone. Comes before the device's own row is deleted.
pub fn forget_device(batch: &mut Batch, user: UserNid, device: DeviceNid) {
    rows::forget_device(batch, user, device);
    rows::touch_device_list(batch, user);
}
