//! What an event means to a person: their push rules, asked with what the server sees.
//! <https://spec.matrix.org/v1.19/client-server-api/#push-rules>

use std::collections::BTreeMap;

use base::{RoomNid, UserNid};
use db::{Error, ReadSet};
use ruma::{
    Int, OwnedRoomId, OwnedUserId, UInt,
    events::AnySyncTimelineEvent,
    power_levels::NotificationPowerLevels,
    push::{Action, PushConditionPowerLevelsCtx, PushConditionRoomCtx, Ruleset},
    room_version_rules::RoomPowerLevelsRules,
    serde::Raw,
};
use serde::Deserialize;
use serde_json::{Map, Value, value::RawValue};
use store::rooms::{self as rows, EventRow};

use crate::{
    Homeserver,
    sync::{preferences::preferences_of, summary},
};

/// The clear-text class beside the ciphertext that says how soon a message wants to be seen.
pub const URGENCY: &str = "de.konsil.urgency";
/// The class that passes quiet hours.
const URGENT: &str = "urgent";
/// The class that wakes nobody: what was taken over from another messenger is no news.
const SILENT: &str = "silent";

/// Whose rules are asked.
#[derive(Clone, Debug)]
pub struct Reader {
    /// Row number.
    pub user: UserNid,
    /// Matrix user id.
    pub user_id: OwnedUserId,
}

/// That an event notifies somebody.
#[derive(Clone, Debug)]
pub struct Notice {
    /// What the rule says, for `GET /notifications`.
    pub actions: Vec<Action>,
    /// The rule's tweaks.
    pub tweaks: Map<String, Value>,
    /// The room.
    pub room_id: OwnedRoomId,
    /// Whether it is to stand out.
    pub highlight: bool,
    /// Whether its sender marked it as urgent.
    pub urgent: bool,
}

#[derive(Deserialize)]
struct Member {
    membership: String,
    displayname: Option<String>,
}

#[derive(Deserialize)]
struct WithContent<T> {
    content: T,
}

fn content<T: for<'de> Deserialize<'de>>(client: &[u8]) -> Option<T> {
    serde_json::from_slice::<WithContent<T>>(client).ok().map(|event| event.content)
}

/// Whether and how an event notifies the reader; `None` if it does not, or is not the reader's to see.
pub async fn notice(
    hs: &Homeserver,
    reader: &Reader,
    rules: &Ruleset,
    event: &EventRow,
) -> Result<Option<Notice>, Error> {
    if event.sender == reader.user_id {
        return Ok(None);
    }
    let preferences = preferences_of(hs, reader.user, &reader.user_id).await?;
    if preferences.ignored.contains(&event.sender) {
        return Ok(None);
    }
    let member = "m.room.member";
    let own =
        rows::state_entry_at(&hs.db, event.room, member, reader.user_id.as_str(), event.state_ver)
            .await?;
    let own = own.and_then(|(.., client)| content::<Member>(&client));
    let about_reader =
        event.kind == member && event.state_key.as_deref() == Some(reader.user_id.as_str());
    let joined = own.as_ref().is_some_and(|own| own.membership == "join");
    if !joined && !about_reader {
        return Ok(None);
    }
    let Some(room) = rows::room_by_nid(&hs.db, event.room).await? else { return Ok(None) };
    let members = member_count(hs, event.room, room.state_ver).await?;
    let name = own.and_then(|own| own.displayname).unwrap_or_default();
    let mut context = PushConditionRoomCtx::new(
        room.room_id.clone(),
        UInt::new_saturating(members),
        reader.user_id.clone(),
        name,
    );
    // Only who mentions the whole room needs a power for it: else the rule cannot match anyway.
    if mentions_anybody(&event.client) {
        context.power_levels = powers(hs, &room, event.state_ver).await?;
    }
    let Ok(json) = serde_json::from_slice::<Box<RawValue>>(&event.client) else { return Ok(None) };
    let raw = Raw::<AnySyncTimelineEvent>::from_json(json);
    let actions = rules.get_actions(&raw, &context).await;
    if !actions.iter().any(Action::should_notify) {
        return Ok(None);
    }
    let class = class(&event.client);
    if class.as_deref() == Some(SILENT) {
        return Ok(None);
    }
    Ok(Some(Notice {
        tweaks: tweaks(actions),
        highlight: actions.iter().any(Action::is_highlight),
        urgent: class.as_deref() == Some(URGENT),
        actions: actions.to_vec(),
        room_id: room.room_id,
    }))
}

/// How soon an event wants to be seen: its class in the content, or in its relation, which is all that matrix-sdk leaves in clear.
fn class(client: &[u8]) -> Option<String> {
    // A cheap look first: most events have none.
    if !client.windows(URGENCY.len()).any(|window| window == URGENCY.as_bytes()) {
        return None;
    }
    let content: Value = content(client)?;
    let classes = [&content[URGENCY], &content["m.relates_to"][URGENCY]];
    classes.into_iter().find_map(|class| class.as_str().map(str::to_owned))
}

fn mentions_anybody(client: &[u8]) -> bool {
    client.windows(b"m.mentions".len()).any(|window| window == b"m.mentions")
}

fn tweaks(actions: &[Action]) -> Map<String, Value> {
    let mut tweaks = Map::new();
    for action in actions {
        if let Action::SetTweak(tweak) = action {
            let value = tweak.value().and_then(|raw| serde_json::from_str(raw.get()).ok());
            // "If a highlight tweak is given with no value, its value is defined to be true."
            tweaks.insert(tweak.set_tweak().to_owned(), value.unwrap_or(Value::Bool(true)));
        }
    }
    tweaks
}

/// How many have joined the room.
async fn member_count(hs: &Homeserver, room: RoomNid, state_ver: i64) -> Result<u64, Error> {
    let summaries = &hs.feeds.memory.summaries;
    if let Some(summary) = summaries.at(room, state_ver) {
        return Ok(summary.joined);
    }
    let mut set = ReadSet::new();
    summary::push_reads(&mut set, room);
    let summary = summary::summary_of(&hs.db.read(set).await?)?;
    Ok(summaries.keep(room, summary).joined)
}

#[derive(Default, Deserialize)]
struct PowerLevels {
    #[serde(default)]
    users: BTreeMap<OwnedUserId, Int>,
    #[serde(default)]
    users_default: Int,
    #[serde(default)]
    notifications: NotificationPowerLevels,
}

#[derive(Deserialize)]
struct Create {
    sender: OwnedUserId,
    content: CreateContent,
}

#[derive(Deserialize)]
struct CreateContent {
    #[serde(default)]
    additional_creators: Vec<OwnedUserId>,
}

/// Who may notify the whole room.
async fn powers(
    hs: &Homeserver,
    room: &rows::RoomRow,
    state_ver: i64,
) -> Result<Option<PushConditionPowerLevelsCtx>, Error> {
    let state = |kind| rows::state_entry_at(&hs.db, room.room, kind, "", state_ver);
    let (levels, create) = (state("m.room.power_levels").await?, state("m.room.create").await?);
    let Ok(version) = room.version.parse::<room::RoomVersion>() else { return Ok(None) };
    let create = create.and_then(|(.., client)| serde_json::from_slice::<Create>(&client).ok());
    let Some(create) = create else { return Ok(None) };
    let creators = create.content.additional_creators.into_iter().chain([create.sender.clone()]);
    let levels = match levels {
        Some((.., client)) => content::<PowerLevels>(&client).unwrap_or_default(),
        // A room without power levels: its creator has them all.
        None => PowerLevels {
            users: BTreeMap::from([(create.sender, Int::from(100))]),
            ..PowerLevels::default()
        },
    };
    Ok(Some(PushConditionPowerLevelsCtx::new(
        levels.users,
        levels.users_default,
        levels.notifications,
        RoomPowerLevelsRules::new(&version.rules().authorization, creators),
    )))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_class_of_a_message_stands_in_its_content_or_its_relation_alone() {
        let of = |content: Value| class(json!({ "content": content }).to_string().as_bytes());
        for class in [URGENT, SILENT] {
            assert_eq!(of(json!({ "de.konsil.urgency": class })).as_deref(), Some(class));
            let relation = json!({ "m.relates_to": { "de.konsil.urgency": class } });
            assert_eq!(of(relation).as_deref(), Some(class));
        }
        for other in [
            json!({}),
            json!({ "de.konsil.urgency": true }),
            json!({ "m.relates_to": "urgent" }),
            json!({ "body": { "de.konsil.urgency": "urgent" } }),
        ] {
            assert_eq!(of(other.clone()), None, "{other}");
        }
    }
}
