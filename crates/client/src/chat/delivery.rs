//! On whose devices our messages are. The hospital's server knows from how far each device has got with its sync; it keeps
//! that in memory alone, and says nothing about whoever has read the message (II.c).

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures_util::{FutureExt, select};
use matrix_sdk::sleep::sleep;
use ruma::{EventId, OwnedEventId, OwnedUserId};

use super::{Chat, Open, OwnState, Reach, RowKind, Stage};
use crate::{Connection, ids::MessageId};

/// Our latest events, newest first, and for each person from which of them on all are on a device of theirs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Delivered {
    events: Vec<OwnedEventId>,
    people: BTreeMap<OwnedUserId, usize>,
}

impl Delivered {
    /// Those who have this event on a device.
    pub fn at(&self, event: &EventId) -> impl Iterator<Item = &OwnedUserId> {
        let place = self.events.iter().position(|other| other == event);
        let people = self.people.iter();
        people.filter(move |(_, from)| place.is_some_and(|at| **from <= at)).map(|(user, _)| user)
    }
}

/// The first question after something was sent, and the longest pause between two.
const SOON: Duration = Duration::from_millis(400);
const SELDOM: Duration = Duration::from_secs(30);

/// Runs as long as the chat is open, and asks only while a message of ours has not arrived everywhere.
pub(super) async fn keep(open: Arc<Open>) {
    let mut rows = open.rows.subscribe();
    let mut pause = SOON;
    let mut before = None;
    loop {
        let waiting = undelivered(&open);
        if waiting.is_none() {
            before = None;
            if rows.next().await.is_none() {
                return;
            }
            continue;
        }
        if waiting != before {
            (before, pause) = (waiting, SOON);
        }
        select! {
            () = sleep(pause).fuse() => {}
            changed = rows.next().fuse() => {
                if changed.is_none() {
                    return;
                }
                continue;
            }
        }
        pause = (pause * 2).min(SELDOM);
        if open.core.connection.get() != Connection::Online {
            continue;
        }
        let request = request::Request { room_id: open.room.room_id().to_owned() };
        match open.core.client.send(request).await {
            Ok(response) => {
                let request::Response { events, people } = response;
                open.delivered.set_if_not_eq(Delivered { events, people });
            }
            // Another server does not know the question. What matters is shown without its answer.
            Err(_) => pause = SELDOM,
        }
    }
}

/// The latest message of ours that is not with everybody yet.
fn undelivered(open: &Open) -> Option<MessageId> {
    let rows = open.rows.read();
    let latest = rows.iter().rev().find_map(|row| match &row.kind {
        RowKind::Message(message) => {
            let own = message.own.as_ref()?;
            (!matches!(own, OwnState::Queued { .. } | OwnState::Failed(_))).then_some(message)
        }
        _ => None,
    })?;
    let arrived = match latest.own.as_ref()? {
        OwnState::Read { by, of } => by == of,
        OwnState::Delivered { to, of } => to == of,
        _ => false,
    };
    (!arrived).then(|| latest.id.clone())
}

impl Chat {
    /// How far a message of ours got with each of the others.
    pub async fn reach(&self, message: &MessageId) -> Vec<Reach> {
        let open = &self.inner.open;
        let items = open.timeline().items().await;
        let delivered = open.delivered.get();
        let mut stages: BTreeMap<OwnedUserId, Stage> = BTreeMap::new();
        // Marks lie on the message or further down; the nearest one says when.
        for event in items.iter().rev().filter_map(|item| item.as_event()) {
            for user in event.event_id().into_iter().flat_map(|id| delivered.at(id)) {
                stages.entry(user.clone()).or_insert(Stage::OnDevice);
            }
            for (user, receipt) in event.read_receipts() {
                let at_ms = receipt.ts.map(|ts| ts.get().into());
                stages.insert(user.clone(), Stage::Read { at_ms });
            }
            if event.event_id().map(EventId::as_str) == message.event_id() {
                break;
            }
        }
        let header = open.header.get();
        let others = header.members.iter().filter(|member| !member.is_me);
        let mut list: Vec<Reach> = others
            .map(|member| {
                let known =
                    stages.iter().find(|(user, _)| user.as_str() == member.person.id.as_str());
                let stage = known.map_or(Stage::OnServer, |(_, stage)| *stage);
                Reach { person: member.person.clone(), stage }
            })
            .collect();
        list.sort_by_key(|reach| std::cmp::Reverse(reach.stage));
        list
    }
}

/// `GET /_konsil/rooms/{roomId}/delivered`: the hospital's server alone has it.
mod request {
    use std::collections::BTreeMap;

    use ruma::{
        OwnedEventId, OwnedRoomId, OwnedUserId,
        api::{
            EmptyBody, IncomingResponse, Metadata, OutgoingRequest,
            auth_scheme::AccessToken,
            error::{DeserializationError, Error, IntoHttpError},
            path_builder::{PathBuilder, SinglePath},
        },
    };
    use serde::Deserialize;

    #[derive(Clone, Debug)]
    pub struct Request {
        pub room_id: OwnedRoomId,
    }

    impl Metadata for Request {
        const METHOD: http::Method = http::Method::GET;
        const RATE_LIMITED: bool = false;
        type Authentication = AccessToken;
        type PathBuilder = SinglePath;
        const PATH_BUILDER: SinglePath = SinglePath::new("/_konsil/rooms/{room_id}/delivered");
    }

    impl OutgoingRequest for Request {
        type Body = EmptyBody;
        type EndpointError = Error;
        type IncomingResponse = Response;

        fn try_into_http_request_inner(
            self,
            base_url: &str,
            path: <Self::PathBuilder as PathBuilder>::Input<'_>,
        ) -> Result<http::Request<Self::Body>, IntoHttpError> {
            let url = Self::PATH_BUILDER.make_endpoint_url(path, base_url, &[&self.room_id], "")?;
            Ok(http::Request::get(url).body(EmptyBody)?)
        }
    }

    #[derive(Clone, Debug, Deserialize)]
    pub struct Response {
        pub events: Vec<OwnedEventId>,
        pub people: BTreeMap<OwnedUserId, usize>,
    }

    impl IncomingResponse for Response {
        type EndpointError = Error;

        fn try_from_http_response_inner(
            response: http::Response<&[u8]>,
        ) -> Result<Self, DeserializationError> {
            Ok(serde_json::from_slice(response.body())?)
        }
    }
}

#[cfg(test)]
mod tests {
    use ruma::UserId;

    use super::*;

    #[test]
    fn what_came_before_something_delivered_is_delivered_too() {
        let event = |id: &str| EventId::parse(id).unwrap();
        let jonas = UserId::parse("@jonas:klinikum.example").unwrap();
        let delivered = Delivered {
            // The middle one is a reaction, which has no row of its own.
            events: vec![event("$new"), event("$reaction"), event("$old")],
            people: [(jonas, 1)].into(),
        };
        let has = |id: &str| delivered.at(&event(id)).count();
        assert_eq!([has("$new"), has("$reaction"), has("$old"), has("$other")], [0, 1, 1, 0]);
    }
}
