//! What happened to a person since a position: the same feed that wakes their devices names the rooms.

use std::{collections::HashSet, sync::Arc};

use base::{Pos, RoomNid, UserNid};
use db::{Error, params};
use store::{
    rooms::{self as rows, EventRow},
    timeline::CHANGED_ROOMS,
};

use crate::{
    Homeserver,
    feeds::{Feed, Touch},
};

/// Most events of one room that are read at once.
const PAGE: u32 = 200;

/// Events and changed rooms.
#[derive(Debug, Default)]
pub struct News {
    /// Events that others sent, oldest first.
    pub events: Vec<EventRow>,
    /// Rooms in which something changed, also if it was only read; `None` stands for any.
    pub rooms: Option<HashSet<RoomNid>>,
    /// Up to here that is all.
    pub upto: Pos,
}

/// What happened in `(since, upto]`, or in its beginning if that is a lot.
pub async fn since(
    hs: &Homeserver,
    feed: &Arc<Feed>,
    user: UserNid,
    since: Pos,
    upto: Pos,
) -> Result<News, Error> {
    let mut news = News { upto, ..News::default() };
    let eventful: HashSet<RoomNid> = match feed.since(since) {
        Some(touches) => {
            let (mut eventful, mut changed) = (HashSet::new(), HashSet::new());
            for (pos, touch) in touches {
                match touch {
                    Touch::Room(room) | Touch::Membership(room) => {
                        eventful.insert(room);
                        changed.insert(room);
                    }
                    Touch::Receipt(room) | Touch::RoomAccountData(room) if pos <= upto => {
                        changed.insert(room);
                    }
                    _ => {}
                }
            }
            news.rooms = Some(changed);
            eventful
        }
        // The feed does not reach back that far: the tables do.
        None => {
            let rooms = hs.db.query(&CHANGED_ROOMS, params![user.0, since]).await?;
            rooms.iter().map(|row| row.get(0).map(RoomNid)).collect::<Result<_, _>>()?
        }
    };
    for room in eventful {
        let events = events(hs, room, since, upto).await?;
        if events.len() == PAGE as usize
            && let Some(last) = events.last().and_then(|event| event.pos)
        {
            news.upto = news.upto.min(last);
        }
        news.events.extend(events);
    }
    let upto = news.upto;
    news.events.retain(|event| event.pos.is_some_and(|pos| pos <= upto));
    news.events.sort_by_key(|event| event.pos);
    Ok(news)
}

async fn events(
    hs: &Homeserver,
    room: RoomNid,
    since: Pos,
    upto: Pos,
) -> Result<Vec<EventRow>, Error> {
    // Most often the event has just been read for somebody else in the room.
    if let Some(events) = hs.feeds.memory.live.between(hs, room, since, upto).await? {
        let events = events.iter().map(|event| event.row.clone());
        return Ok(events.take(PAGE as usize).collect());
    }
    rows::timeline(&hs.db, room, since, upto, PAGE, false).await
}
