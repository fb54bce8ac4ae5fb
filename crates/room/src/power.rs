//! Who may do what, as clients and the endpoints ask it.
//!
//! The authorisation of events itself is in [`accept`](crate::accept); this answers questions
//! beside it: may this user redact that event, notify the whole room, see an upgrade button.

use ruma::{
    Int, UserId,
    events::{TimelineEventType, room::power_levels::UserPowerLevel},
    state_res::events::{RoomCreateEvent, RoomPowerLevelsEvent, RoomPowerLevelsIntField},
};

use crate::{Pdu, Refused, RoomVersion};

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
