//! Who may do what, as clients and the endpoints ask it.
//!
//! The authorisation of events itself is in [`accept`](crate::accept); this answers questions
//! beside it: may this user redact that event, notify the whole room, see an upgrade button.

use ruma::{
    Int, OwnedUserId, UserId,
    events::{TimelineEventType, room::power_levels::UserPowerLevel},
    state_res::events::{RoomCreateEvent, RoomPowerLevelsEvent, RoomPowerLevelsIntField},
};

use serde_json::{Map, Value};

use crate::{Content, Pdu, Refused, RoomVersion};

/// What a room's create event creator has before there is a power levels event.
const CREATOR_WITHOUT_POWER_LEVELS: i32 = 100;

/// The powers in a room, from its create event and its power levels.
pub struct Power<'a> {
    version: RoomVersion,
    create: RoomCreateEvent<&'a Pdu>,
    levels: Option<RoomPowerLevelsEvent<&'a Pdu>>,
}

impl<'a> Power<'a> {
    /// The powers that these two state events give.
    pub fn new(version: RoomVersion, create: &'a Pdu, power_levels: Option<&'a Pdu>) -> Self {
        Self {
            version,
            create: RoomCreateEvent::new(create),
            levels: power_levels.map(RoomPowerLevelsEvent::new),
        }
    }

    /// A user's power level; creators of version 12 stand above all numbers.
    ///
    /// # Errors
    ///
    /// [`Refused::BadEvent`] if the create or power levels event is malformed.
    pub fn of(&self, user: &UserId) -> Result<UserPowerLevel, Refused> {
        let rules = &self.version.rules().authorization;
        let is_creator = self.create.creators(rules).map_err(Refused::BadEvent)?.contains(user);
        if is_creator && rules.explicitly_privilege_room_creators {
            return Ok(UserPowerLevel::Infinite);
        }
        match &self.levels {
            Some(levels) => levels
                .user_power_level(user, rules)
                .map(UserPowerLevel::Int)
                .map_err(Refused::BadEvent),
            None if is_creator => Ok(Int::from(CREATOR_WITHOUT_POWER_LEVELS).into()),
            None => Ok(RoomPowerLevelsIntField::UsersDefault.default_value().into()),
        }
    }

    /// The room's creators: whoever made it, and from version 12 on those named beside.
    ///
    /// # Errors
    ///
    /// As [`Power::of`].
    pub fn creators(&self) -> Result<Vec<OwnedUserId>, Refused> {
        let creators = self.create.creators(&self.version.rules().authorization);
        Ok(creators.map_err(Refused::BadEvent)?.into_iter().collect())
    }

    /// The level that an action needs (`ban`, `kick`, `invite`, `redact`).
    ///
    /// # Errors
    ///
    /// As [`Power::of`].
    pub fn needed_to(&self, action: RoomPowerLevelsIntField) -> Result<Int, Refused> {
        match &self.levels {
            Some(levels) => levels
                .get_as_int_or_default(action, &self.version.rules().authorization)
                .map_err(Refused::BadEvent),
            None => Ok(action.default_value()),
        }
    }

    /// The level that sending an event of this type needs.
    ///
    /// # Errors
    ///
    /// As [`Power::of`].
    pub fn needed_to_send(
        &self,
        kind: &TimelineEventType,
        state_key: Option<&str>,
    ) -> Result<Int, Refused> {
        match &self.levels {
            Some(levels) => levels
                .event_power_level(kind, state_key, &self.version.rules().authorization)
                .map_err(Refused::BadEvent),
            None if state_key.is_some() => {
                Ok(RoomPowerLevelsIntField::StateDefault.default_value())
            }
            None => Ok(RoomPowerLevelsIntField::EventsDefault.default_value()),
        }
    }

    /// Whether a content can be power levels of the room at all: whole numbers, by user IDs, without the creators of
    /// version 12. Whether a user may set them so is the authorisation rules' question and comes on top.
    ///
    /// Spec: <https://spec.matrix.org/latest/rooms/v12/#authorization-rules>, rule 10.
    ///
    /// # Errors
    ///
    /// [`Refused::BadEvent`] names what is wrong; [`Refused::BadJson`] if the content is no object.
    pub fn check_levels(&self, content: &Content) -> Result<(), Refused> {
        let content: Map<String, Value> = content.read()?;
        let refused = |field: &str, what: &str| Err(Refused::BadEvent(format!("{field} {what}")));
        for (field, value) in &content {
            match (field.as_str(), value) {
                (
                    "ban" | "events_default" | "invite" | "kick" | "redact" | "state_default"
                    | "users_default",
                    level,
                ) if !level.is_i64() => return refused(field, "is not a whole number"),
                ("events" | "notifications" | "users", Value::Object(levels))
                    if !levels.values().all(Value::is_i64) =>
                {
                    return refused(field, "holds something that is not a whole number");
                }
                ("events" | "notifications" | "users", value) if !value.is_object() => {
                    return refused(field, "is not an object");
                }
                _ => {}
            }
        }
        let rules = &self.version.rules().authorization;
        let creators = self.create.creators(rules).map_err(Refused::BadEvent)?;
        for user in content.get("users").and_then(Value::as_object).into_iter().flat_map(Map::keys)
        {
            let Ok(user) = <&UserId>::try_from(user.as_str()) else {
                return refused("users", "holds something that is no user ID");
            };
            if rules.explicitly_privilege_room_creators && creators.contains(user) {
                return refused("users", "names a creator, who stands above all levels");
            }
        }
        Ok(())
    }

    /// Whether a *user of this server* may redact an event of `author`: one's own, or any with the
    /// `redact` level.
    ///
    /// Whether the redaction event itself may be sent is the authorisation rules' question and
    /// comes on top.
    ///
    /// # Errors
    ///
    /// As [`Power::of`].
    pub fn may_redact(&self, user: &UserId, author: &UserId) -> Result<bool, Refused> {
        Ok(user == author || self.of(user)? >= UserPowerLevel::Int(self.needed_to(REDACT)?))
    }

    /// Whether a redaction *from any server* takes effect: its server is the author's, which
    /// answers for its users, or its sender has the `redact` level.
    ///
    /// Spec: <https://spec.matrix.org/latest/rooms/v3/#handling-redactions>.
    ///
    /// # Errors
    ///
    /// As [`Power::of`].
    pub fn redaction_applies(&self, redactor: &UserId, author: &UserId) -> Result<bool, Refused> {
        Ok(redactor.server_name() == author.server_name()
            || self.of(redactor)? >= UserPowerLevel::Int(self.needed_to(REDACT)?))
    }
}

const REDACT: RoomPowerLevelsIntField = RoomPowerLevelsIntField::Redact;
