//! `/v3/sync`: what is new to a device, and waiting for it. <https://spec.matrix.org/v1.19/client-server-api/#syncing>
//!
//! An answer holds for one position, which its token carries. What may have changed since the last one comes from the
//! user's feed, so that only changed rooms are read. Answers are written as bytes: events are spliced in as they are stored.

pub(crate) mod answer;
pub(crate) mod changes;
pub(crate) mod ephemeral;
pub(crate) mod erased;
pub(crate) mod event;
pub mod filter;
pub(crate) mod ignored;
mod lazy_members;
pub(crate) mod live_rooms;
pub(crate) mod preferences;
pub(crate) mod rooms;
mod shape;
pub(crate) mod sight;
pub(crate) mod summary;
pub(crate) mod threads;
pub(crate) mod timelines;
mod token;
pub(crate) mod unread;

use std::{sync::OnceLock, time::Duration};

use bytes::Bytes;
use tokio::time::Instant;

use crate::{Homeserver, Session, devices, filters, keys, presence, to_device};
pub use token::{BadSyncToken, SyncToken};

/// The longest that a request waits. Proxies and phones give up on longer ones.
pub const LONGEST_WAIT: Duration = Duration::from_secs(120);

/// What readers of the same rooms have in common, in memory.
#[derive(Debug, Default)]
pub struct Memory {
    pub(crate) live: live_rooms::LiveRooms,
    pub(crate) summaries: summary::Summaries,
    pub(crate) read_places: unread::ReadPlaces,
    pub(crate) lazy_members: lazy_members::LazyMembers,
    pub(crate) preferences: preferences::KnownPreferences,
    pub(crate) room_ids: timelines::RoomIds,
    pub(crate) published_keys: keys::PublishedKeys,
    pub(crate) devices: devices::DevicesOfUsers,
    pub(crate) presence: presence::Presence,
    pub(crate) erased: erased::Erased,
    pub(crate) gone: crate::retention::Gone,
}

impl Memory {
    /// The oldest messages of a room were deleted: nobody is shown them from memory, and to nobody they are unread.
    pub(crate) fn messages_are_gone(&self, upto: store::rooms::PurgedUpto) {
        self.gone.note(upto);
        self.live.forget(upto.room);
        self.read_places.raise(upto.room, upto.notifying);
    }
}

/// What a device wants to know. Small: it is all that is kept of a request that waits.
#[derive(Clone, Debug, Default)]
pub struct SyncRequest {
    /// How far the device has come; `None` begins anew.
    pub since: Option<SyncToken>,
    /// What of it, if not everything.
    pub filter: filters::Shared,
    /// All state of all rooms, also what the device has.
    pub full_state: bool,
    /// The state after the timeline instead of before it.
    pub use_state_after: bool,
    /// How long to wait if there is nothing.
    pub timeout: Duration,
}

/// Why nothing could be said.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// Reading failed.
    #[error(transparent)]
    Store(#[from] db::Error),
    /// What the device acknowledged could not be deleted.
    #[error(transparent)]
    Acknowledge(#[from] to_device::SendError),
}

/// When a request that begins now ends without news.
pub(crate) fn end_of_wait(timeout: Duration) -> Instant {
    static BEGIN: OnceLock<Instant> = OnceLock::new();
    let begin = *BEGIN.get_or_init(Instant::now);
    begin + in_groups(begin.elapsed(), timeout.min(LONGEST_WAIT))
}

/// When a request that begins at `now` ends. Requests that wait equally long end in groups, at most a hundredth earlier than
/// each would alone: a group costs the processor one awakening.
fn in_groups(now: Duration, timeout: Duration) -> Duration {
    let end = now + timeout;
    let early = end.as_nanos().checked_rem((timeout / 100).as_nanos()).unwrap_or_default();
    end - Duration::from_nanos(u64::try_from(early).unwrap_or_default())
}

/// What is new to a device, as JSON; waits for it if there is nothing.
pub async fn sync(
    hs: &Homeserver,
    session: &Session,
    mut request: SyncRequest,
) -> Result<Bytes, SyncError> {
    let feed = hs.feeds.feed(session.user);
    let mut touched = feed.subscribe();
    let deadline = end_of_wait(request.timeout);
    // A token from a database that was restored to an earlier time acknowledges nothing of this one.
    if let Some(since) = request.since.filter(|since| since.pos <= hs.feeds.published()) {
        hs.arrivals.note(session.user, since.pos);
        // Boxed, as the answer below: a request that waits keeps no room for what it did before.
        Box::pin(to_device::acknowledge(hs, session.device, since.to_device)).await?;
    }
    loop {
        touched.borrow_and_update();
        // Boxed, so that what is needed to write an answer is held only while it is written.
        let answer = Box::pin(answer::answer(hs, session, &request, &feed)).await?;
        if !answer.is_empty || Instant::now() >= deadline {
            return Ok(answer.body.into());
        }
        // Nothing of what happened meanwhile concerns this device: it need not be looked at again.
        request.since = Some(answer.token);
        let nothing = Bytes::from(answer.body.into_boxed_slice());
        if tokio::time::timeout_at(deadline, touched.changed()).await.is_err() {
            // Nothing concerned it since: then this is still all there is to say.
            return Ok(nothing);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_that_wait_equally_long_end_in_groups_and_hardly_earlier() {
        let timeout = Duration::from_secs(30);
        let mut ends = std::collections::BTreeSet::new();
        for begin in (0..30_000).step_by(10).map(Duration::from_millis) {
            let end = in_groups(begin, timeout);
            assert!(end <= begin + timeout && end > begin + timeout * 99 / 100);
            ends.insert(end);
        }
        assert_eq!(ends.len(), 100);
        assert_eq!(in_groups(Duration::from_secs(7), Duration::ZERO), Duration::from_secs(7));
    }
}
