//! What a hospital allows. Every default is the strictest (I.p); `serve` fills it from the configuration.

use ruma::RoomVersionId;

pub use vocabulary::app::{AppVersion, TOO_OLD, VERSION_HEADER};

use crate::{app_lock::LockPolicy, notice::Privacy, push::PushPolicy, retention::Retention};

/// The settings of one hospital, as the configuration names them.
#[derive(Clone, Debug)]
pub struct Policy {
    /// `public_base_url`: where clients reach this hospital.
    pub public_base_url: String,
    /// The hospital's name as people know it.
    pub display_name: String,
    /// `support`: whom people turn to.
    pub support: Support,
    /// `emergency_numbers`: whom to call when the network is down. Everybody may know them.
    pub emergency_numbers: Vec<EmergencyNumber>,
    /// `app.minimum_version`: Konsil's own app is refused if it says that it is older (I.q). Other clients say nothing of the kind.
    pub minimum_app_version: Option<AppVersion>,
    /// `app.writing_aids`: browsers may check what is written, and suggest words; some ask their makers (I.k).
    pub writing_aids: bool,
    /// `crash_reports`: for how many days crash reports of the app are kept; `None`: none are taken (I.k).
    pub crash_report_days: Option<u16>,
    /// `registration.open`: anybody may register.
    pub registration_open: bool,
    /// `registration.tokens`: who knows one of these may register.
    pub registration_tokens: Vec<String>,
    /// `rooms.default_version`.
    pub default_room_version: RoomVersionId,
    /// `rooms.require_encryption`: message events in clear are refused and new rooms are encrypted (II.a).
    pub require_encryption: bool,
    /// `rooms.allow_clear_reactions`: lets `m.reaction` through in clear, for other Matrix clients.
    pub allow_clear_reactions: bool,
    /// `directory.list_without_login`: strangers see the room directory.
    pub list_without_login: bool,
    /// `presence.enabled`.
    pub presence: bool,
    /// `limits.rate_limits`.
    pub rate_limits: bool,
    /// `limits.devices_per_user`: devices that a user may have.
    pub max_devices: u64,
    /// Largest upload, in bytes.
    pub max_upload_bytes: u64,
    /// `attachments.save_to_device`: the app saves attachments outside of its own store (I.e).
    pub save_to_device: bool,
    /// `device.text_days`: for how many days after they were sent the app keeps messages on a device (I.e). At least 1.
    pub text_days: u16,
    /// `retention`: after how long the server deletes what was sent (I.j).
    pub retention: Retention,
    /// `push`: who outside the hospital may be asked to wake devices.
    pub push: PushPolicy,
    /// `lock`: when the app locks itself, and what opens it (I.b).
    pub lock: LockPolicy,
    /// `privacy`: what the hospital says in its privacy notice (I.a).
    pub privacy: Privacy,
}

/// Whom people turn to, with troubles or when their account is locked.
#[derive(Clone, Debug, Default)]
pub struct Support {
    /// `support.email`; may be empty.
    pub email: String,
    /// `support.page`: an address of the web; may be empty.
    pub page: String,
}

/// A number that people call when nothing else works.
#[derive(Clone, Debug, Default)]
pub struct EmergencyNumber {
    /// Who answers: "Reanimation".
    pub name: String,
    /// As it is dialled in house.
    pub phone: String,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            public_base_url: String::new(),
            display_name: String::new(),
            support: Support::default(),
            emergency_numbers: Vec::new(),
            minimum_app_version: None,
            writing_aids: false,
            crash_report_days: None,
            registration_open: false,
            registration_tokens: Vec::new(),
            default_room_version: RoomVersionId::V12,
            require_encryption: true,
            allow_clear_reactions: false,
            list_without_login: false,
            presence: false,
            rate_limits: true,
            max_devices: 1_000,
            max_upload_bytes: 512 * 1024 * 1024,
            save_to_device: false,
            text_days: 7,
            retention: Retention::default(),
            push: PushPolicy::default(),
            lock: LockPolicy::default(),
            privacy: Privacy::default(),
        }
    }
}

impl Policy {
    /// For how many days after they were sent the app keeps messages on a device: no longer than the server does.
    pub fn device_days(&self) -> u16 {
        self.retention.message_days.map_or(self.text_days, |days| days.min(self.text_days))
    }
}

/// Whether an app of this version may ask; `said` is what it says of itself. What is no version is none that was ever let out.
pub fn admits_app(policy: &Policy, said: &str) -> bool {
    let Some(minimum) = policy.minimum_app_version else { return true };
    said.parse::<AppVersion>().is_ok_and(|version| version >= minimum)
}

/// Whether a message event of this type may enter a room (II.a).
///
/// State events are judged by the room's power levels alone; what Matrix keeps in clear there stands in the inventory.
pub fn admits_message(policy: &Policy, event_type: &str) -> bool {
    !policy.require_encryption
        || matches!(event_type, "m.room.encrypted" | "m.room.redaction")
        || (policy.allow_clear_reactions && event_type == "m.reaction")
}

/// Whether a room may have this `m.room.encryption`: what is encrypted stays encrypted (II.a).
pub fn admits_encryption(policy: &Policy, content: &room::Content) -> bool {
    !policy.require_encryption
        || content
            .read::<serde_json::Value>()
            .is_ok_and(|content| content["algorithm"] == "m.megolm.v1.aes-sha2")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ciphertext_and_redactions_are_admitted_by_default() {
        let strict = Policy::default();
        for refused in
            ["m.room.message", "m.reaction", "m.sticker", "de.konsil.case", "m.call.invite"]
        {
            assert!(!admits_message(&strict, refused), "{refused}");
        }
        for admitted in ["m.room.encrypted", "m.room.redaction"] {
            assert!(admits_message(&strict, admitted), "{admitted}");
        }
    }

    #[test]
    fn a_device_keeps_no_message_that_the_server_has_deleted() {
        for (on_device, on_server, kept) in [(7, Some(30), 7), (90, Some(30), 30), (90, None, 90)] {
            let retention = Retention { message_days: on_server, ..Retention::default() };
            let policy = Policy { text_days: on_device, retention, ..Policy::default() };
            assert_eq!(policy.device_days(), kept);
        }
    }

    #[test]
    fn an_app_below_the_lowest_version_is_not_admitted_and_by_default_each_is() {
        assert!(admits_app(&Policy::default(), "0.0.1"));
        let policy =
            Policy { minimum_app_version: Some(AppVersion(0, 10, 0)), ..Policy::default() };
        for (version, admitted) in
            [("0.9.9", false), ("0.10.0", true), ("1.0.0", true), ("", false), ("new", false)]
        {
            assert_eq!(admits_app(&policy, version), admitted, "{version}");
        }
    }

    #[test]
    fn clear_reactions_are_a_deviation_of_their_own() {
        let policy = Policy { allow_clear_reactions: true, ..Policy::default() };
        assert!(admits_message(&policy, "m.reaction"));
        assert!(!admits_message(&policy, "m.room.message"));
    }
}
