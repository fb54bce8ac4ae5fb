//! One pusher: waits, asks the rules, sends, remembers.

use std::{sync::Arc, time::Duration};

use base::Pos;
use db::Batch;
use store::{
    push::{Pusher, PusherKey},
    rooms::EventRow,
};

use super::{
    Sent,
    badge::{self, Badge},
    evaluate::{self, Notice, Reader},
    gateway, news,
    pause::Pause,
    quiet::{self, QUIET_HOURS},
    web_push,
};
use crate::{
    Homeserver,
    feeds::Feed,
    push_rules,
    pushers::{self, Target},
};

/// The longest time between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(60 * 60);
/// A message that could not be sent for so long is given up: the person has long been back.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(24 * 60 * 60);
/// Positions without a message after which the place is stored all the same.
const STORED_EVERY: u64 = 1_000;

/// How a round ended.
enum Round {
    /// Everything is sent: wait for news.
    UpToDate,
    /// There is more to read.
    More,
    /// There is nothing to follow any more.
    Over,
    /// The other side, or the database, does not answer.
    Failed(Option<Duration>),
}

/// Why a round broke off.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Read(#[from] db::Error),
    #[error(transparent)]
    Write(#[from] db::CommitError),
}

/// What a worker knows from one round to the next.
struct Place {
    reader: Reader,
    feed: Arc<Feed>,
    /// Everything up to here is decided.
    seen: Pos,
    badge: Badge,
    /// The count that the gateway knows.
    told: Option<u64>,
    /// What comes now may have happened long ago: after a start or a failure.
    catching_up: bool,
}

/// Follows a pusher until it is gone.
pub async fn run(hs: Arc<Homeserver>, key: &PusherKey) {
    let mut pause = Pause::up_to(LONGEST_PAUSE);
    let feed = hs.feeds.feed(key.user);
    let mut touched = feed.subscribe();
    let mut place = None;
    loop {
        touched.borrow_and_update();
        let round = match &mut place {
            Some(place) => round(&hs, key, place).await,
            None => begin(&hs, key, &feed, &mut place).await,
        };
        match round.unwrap_or_else(|error| {
            tracing::warn!(%error, "A pusher could not read or write");
            Round::Failed(None)
        }) {
            Round::Over => return,
            Round::More => pause.reset(),
            Round::UpToDate => {
                pause.reset();
                if let Some(place) = &mut place {
                    place.catching_up = false;
                }
                if touched.changed().await.is_err() {
                    return;
                }
            }
            Round::Failed(at_least) => {
                if let Some(place) = &mut place {
                    place.catching_up = true;
                }
                tokio::time::sleep(pause.take(at_least)).await;
            }
        }
    }
}

/// The first round: who is it, and may it be?
async fn begin(
    hs: &Homeserver,
    key: &PusherKey,
    feed: &Arc<Feed>,
    place: &mut Option<Place>,
) -> Result<Round, Failure> {
    let Some(pusher) = store::push::pusher(&hs.db, key).await? else { return Ok(Round::Over) };
    if !pushers::is_allowed(hs, &pusher) {
        return Ok(Round::Over);
    }
    if !pusher.active {
        return activate(hs, &pusher).await;
    }
    let Some(user_id) = store::accounts::user_id(&hs.db, key.user).await? else {
        return Ok(Round::Over);
    };
    let reader = Reader { user: key.user, user_id };
    *place = Some(Place {
        reader,
        feed: feed.clone(),
        seen: pusher.pos,
        badge: Badge::default(),
        told: None,
        catching_up: true,
    });
    Ok(Round::More)
}

/// Asks a browser to show that messages reach it. The worker begins anew when it does.
async fn activate(hs: &Homeserver, pusher: &Pusher) -> Result<Round, Failure> {
    let Some(token) = hs.push.activation(&pusher.key, hs.clock.now()) else {
        return Ok(Round::Over);
    };
    let Ok(Target::WebPush(subscription)) = pushers::target(pusher) else { return Ok(Round::Over) };
    match web_push::ask_to_activate(hs, &subscription, &pusher.key.app_id, &token).await {
        Sent::Later(at_least) => Ok(Round::Failed(at_least)),
        Sent::Rejected => forget(hs, &pusher.key).await,
        Sent::Done | Sent::Dropped => Ok(Round::Over),
    }
}

async fn round(hs: &Homeserver, key: &PusherKey, place: &mut Place) -> Result<Round, Failure> {
    let upto = hs.feeds.published();
    if place.seen >= upto {
        return Ok(Round::UpToDate);
    }
    let Some(pusher) = store::push::pusher(&hs.db, key).await? else { return Ok(Round::Over) };
    let target = match pushers::target(&pusher) {
        Ok(target) => target,
        Err(_) => return Ok(Round::Over),
    };
    let news = news::since(hs, &place.feed, key.user, place.seen, upto).await?;
    if news.events.is_empty() && news.rooms.as_ref().is_some_and(|rooms| rooms.is_empty()) {
        return settle(hs, &pusher, place, news.upto).await;
    }
    let unread = place.badge.follow(hs, &place.reader, news.rooms.as_ref(), news.upto).await?;
    let rules = push_rules::of_user(hs, key.user, &place.reader.user_id).await?;
    for event in &news.events {
        let Some(pos) = event.pos else { continue };
        if let Some(notice) = evaluate::notice(hs, &place.reader, &rules, event).await?
            && wakes(hs, place, event, &notice, pos).await?
        {
            let sent = match &target {
                Target::Gateway(url) => {
                    gateway::notify(hs, &pusher, url, Some((event, &notice)), unread).await?
                }
                Target::WebPush(to) => web_push::notify(hs, to, event, &notice).await,
            };
            match sent {
                Sent::Later(at_least) => return Ok(Round::Failed(at_least)),
                Sent::Rejected => return forget(hs, key).await,
                Sent::Done | Sent::Dropped => {
                    place.told = Some(unread);
                    store(hs, key, pos).await?;
                }
            }
        }
        place.seen = pos;
    }
    // Read on another device: the number on the app's icon goes down.
    if let Target::Gateway(url) = &target
        && place.told.is_some_and(|told| unread < told)
    {
        match gateway::notify(hs, &pusher, url, None, unread).await? {
            Sent::Later(at_least) => return Ok(Round::Failed(at_least)),
            Sent::Rejected => return forget(hs, key).await,
            Sent::Done | Sent::Dropped => place.told = Some(unread),
        }
    }
    settle(hs, &pusher, place, news.upto).await
}

/// Whether the person wants to be woken now.
async fn wakes(
    hs: &Homeserver,
    place: &Place,
    event: &EventRow,
    notice: &Notice,
    pos: Pos,
) -> Result<bool, Failure> {
    let now = hs.clock.now();
    if place.catching_up && event.ts.after(GIVEN_UP_AFTER) < now {
        return Ok(false);
    }
    if !notice.urgent
        && let Some(hours) =
            store::account_data::global(&hs.db, place.reader.user, QUIET_HOURS).await?
        && quiet::is_quiet(&hours.content, now)
    {
        return Ok(false);
    }
    let read = badge::read_up_to(hs, &place.reader, event.room, hs.feeds.published()).await?;
    Ok(read < pos)
}

/// Everything up to `upto` is decided.
async fn settle(
    hs: &Homeserver,
    pusher: &Pusher,
    place: &mut Place,
    upto: Pos,
) -> Result<Round, Failure> {
    place.seen = place.seen.max(upto);
    if upto.get().saturating_sub(pusher.pos.get()) >= STORED_EVERY {
        store(hs, &pusher.key, upto).await?;
    }
    Ok(if upto < hs.feeds.published() { Round::More } else { Round::UpToDate })
}

async fn store(hs: &Homeserver, key: &PusherKey, pos: Pos) -> Result<(), Failure> {
    let mut batch = Batch::new();
    store::push::woken_up_to(&mut batch, key, pos);
    hs.db.commit(batch).await?;
    Ok(())
}

async fn forget(hs: &Homeserver, key: &PusherKey) -> Result<Round, Failure> {
    let mut batch = Batch::new();
    store::push::delete_pusher(&mut batch, key);
    hs.db.commit(batch).await?;
    tracing::info!("A pusher was rejected and is removed");
    Ok(Round::Over)
}
