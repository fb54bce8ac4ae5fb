//! The SDK's timeline of an open chat.
//!
//! The timeline follows the room's event cache by places in a list: "remove what is at 17". Both lists have to be the same
//! for that, and there are ways for the timeline to hold something twice: it listens for what is new before it reads what
//! there is, and when it has fallen behind it reads all and then goes on with what it had not heard. From then on every
//! removal takes its neighbour instead, and each message of our own that is sent is one removal: somebody's message is gone
//! from the open chat. So a timeline during whose making something came is made again, and so is one that holds an event twice.

use std::{collections::HashSet, sync::Arc};

use matrix_sdk::{
    Room,
    event_cache::{RoomEventCacheUpdate, Subscriber},
};
use matrix_sdk_ui::{
    eyeball_im::Vector,
    timeline::{Error, RoomExt, Timeline, TimelineItem, TimelineReadReceiptTracking},
};
use tokio::sync::broadcast::error::TryRecvError;

use super::watch;

/// In a chat where something comes all the time the last one has to do; what it shows twice is still noticed.
const TRIES: usize = 10;

/// A timeline whose list is the same as the event cache's.
pub(super) async fn of(room: &Room) -> Result<Timeline, Error> {
    let event_cache = room.client().event_cache().clone();
    event_cache.subscribe()?;
    let (cache, _keep) = room.event_cache().await?;
    let mut tries = 1;
    loop {
        let (_, mut news) = cache.subscribe().await?;
        let timeline = room
            .timeline_builder()
            .track_read_marker_and_receipts(TimelineReadReceiptTracking::AllEvents)
            .event_filter(watch::is_shown)
            .build()
            .await?;
        if tries == TRIES || !has_events(&mut news) {
            return Ok(timeline);
        }
        tries += 1;
    }
}

/// Whether anything came, went or changed its place.
fn has_events(news: &mut Subscriber<RoomEventCacheUpdate>) -> bool {
    loop {
        match news.try_recv() {
            Ok(RoomEventCacheUpdate::UpdateTimelineEvents(_)) | Err(TryRecvError::Lagged(_)) => {
                return true;
            }
            Ok(_) => {}
            Err(TryRecvError::Empty | TryRecvError::Closed) => return false,
        }
    }
}

/// Whether the timeline holds something twice that came from the server.
pub(super) fn is_out_of_step(items: &Vector<Arc<TimelineItem>>) -> bool {
    let mut seen = HashSet::new();
    items
        .iter()
        .filter_map(|item| item.as_event())
        .filter(|event| !event.is_local_echo())
        .filter_map(|event| event.event_id())
        .any(|id| !seen.insert(id))
}

/// A timeline like this one, made anew; it shows as far back as this one did with so many items.
pub(super) async fn anew(room: &Room, shown: usize) -> Result<Timeline, Error> {
    let timeline = of(room).await?;
    let (items, _changes) = timeline.subscribe().await;
    let wanted = shown.min(timeline.items().await.len());
    if let Ok(more @ 1..) = u16::try_from(wanted.saturating_sub(items.len())) {
        // Nothing is asked of the server for it.
        timeline.paginate_backwards(more).await?;
    }
    Ok(timeline)
}
