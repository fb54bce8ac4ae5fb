//! One hospital's homeserver as a value: nothing here is global, and nothing knows HTTP.
//!
//! Modules own one thing each (rooms, keys, media, …) as free functions over [`Homeserver`]; each reads, decides by a
//! plain function, and commits one atomic batch. Waiting requests are woken by [`feeds::Feeds`], which the change log drives.

pub mod account_data;
pub mod accounts;
pub mod app_lock;
pub mod appservices;
pub mod arrivals;
pub mod backup;
pub mod crash_reports;
pub mod devices;
pub mod directory;
pub mod failure;
pub mod feeds;
pub mod filters;
pub mod invariants;
pub mod invitations;
pub mod jobs;
mod json_writer;
pub mod keys;
pub mod limits;
pub mod media;
pub mod moderation;
pub mod mutual_rooms;
pub mod nesting;
pub mod notice;
pub mod notifications;
mod of_users;
pub mod policy;
pub mod presence;
pub mod profiles;
pub mod push;
pub mod push_rules;
pub mod pushers;
pub mod receipts;
pub mod rendezvous;
pub mod reports;
pub mod retention;
pub mod rooms;
pub mod search;
pub mod setup;
pub mod sliding;
pub mod sync;
pub mod tickets;
pub mod to_device;
pub mod typing;
pub mod uiaa;

use std::sync::Arc;

use base::{Clock, DeviceNid, UserNid};
use ruma::{MilliSecondsSinceUnixEpoch, OwnedDeviceId, OwnedServerName, OwnedUserId, UInt};

pub use policy::Policy;

/// The homeserver of one hospital (tenant).
pub struct Homeserver {
    /// The Matrix server name, the part of user ids after the colon.
    pub server_name: OwnedServerName,
    /// What this hospital allows; every default is the strictest.
    pub policy: Policy,
    /// What it says about itself in its privacy notice.
    pub notice: notice::Notice,
    /// The tenant's database.
    pub db: db::Db,
    /// The tenant's media bytes.
    pub blobs: blob::Blobs,
    /// How many thumbnails are made at once.
    pub thumbnails: media::Thumbnails,
    /// Who sends which part of which file just now. In memory only.
    pub upload_turns: media::Turns,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// The server's signing key.
    pub signing_key: room::SigningKey,
    /// Whether the storage has failed for good.
    pub failure: Arc<failure::Failure>,
    /// Who is woken by what.
    pub feeds: Arc<feeds::Feeds>,
    /// The rooms with their queues.
    pub rooms: rooms::Rooms,
    /// Who is typing where. In memory only.
    pub typing: typing::Typing,
    /// Open interactive authentications. In memory only.
    pub uiaa: uiaa::Sessions,
    /// Short-lived tokens. In memory only.
    pub tickets: tickets::Tickets,
    /// Where new devices meet those that are signed in. In memory only.
    pub rendezvous: rendezvous::Rendezvous,
    /// How far people's devices have come. In memory only.
    pub arrivals: arrivals::Arrivals,
    /// Sliding-sync connections.
    pub connections: sliding::Connections,
    /// Who did how much of late. In memory only.
    pub limits: limits::Limits,
    /// Access tokens seen lately.
    pub sessions: accounts::SessionCache,
    /// Row numbers of the users met so far.
    pub user_nids: accounts::UserNids,
    /// Devices for which nothing waits.
    pub empty_queues: to_device::EmptyQueues,
    /// How much waits for devices, by sender.
    pub queue_lengths: to_device::QueueLengths,
    /// Filters seen lately.
    pub filters: filters::Known,
    /// One-time keys left, by device.
    pub supplies: keys::Supplies,
    /// Bots and bridges.
    pub appservices: appservices::Appservices,
    /// The ways out of the hospital.
    pub outbound: net::Outbound,
    /// Who is woken through others.
    pub push: push::Push,
    /// Whose turn it is to delete what is past its time.
    pub purging: retention::Turn,
}

impl Homeserver {
    /// Counts one of what is limited, unless the hospital has switched rate limits off.
    pub fn count(&self, subject: limits::Subject) -> Result<(), limits::Exceeded> {
        if self.policy.rate_limits { self.limits.count(subject, self.clock.now()) } else { Ok(()) }
    }

    /// As [`Homeserver::count`], unless the request is one of an application service that is not slowed down.
    pub fn count_for(
        &self,
        session: &Session,
        subject: limits::Subject,
    ) -> Result<(), limits::Exceeded> {
        match &session.appservice {
            Some(service) if !service.is_slowed_down(&session.user_id) => Ok(()),
            _ => self.count(subject),
        }
    }

    /// The time now, as events carry it.
    pub fn origin_server_ts(&self) -> MilliSecondsSinceUnixEpoch {
        // 2^53 milliseconds are 285,000 years.
        MilliSecondsSinceUnixEpoch(UInt::new_saturating(self.clock.now().0))
    }
}

/// Who makes a request: a local user on one of their devices.
#[derive(Clone, Debug)]
pub struct Session {
    /// Row number of the user.
    pub user: UserNid,
    /// Matrix user id.
    pub user_id: OwnedUserId,
    /// Row number of the device.
    pub device: DeviceNid,
    /// Matrix device id; empty for an application service that acts without a device.
    pub device_id: OwnedDeviceId,
    /// The application service that acts as the user, if it is one.
    pub appservice: Option<Arc<appservices::Appservice>>,
    /// Whether an administrator lets the account only read, and put its own things in order.
    pub suspended: bool,
}
