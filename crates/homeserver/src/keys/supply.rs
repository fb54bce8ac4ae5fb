//! What the server still holds to begin sessions with a device: named in every answer of sync, so it is kept in memory.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use base::{DeviceNid, Timestamp};
use parking_lot::Mutex;
use store::keys as rows;

use crate::Homeserver;

/// How long a supply is believed. What changes here is forgotten here at once; this bounds what another node changed. Longer than a client
/// waits for news, or each of its requests would ask the database.
const BELIEVED: Duration = Duration::from_secs(5 * 60);

/// Most devices that are remembered.
const REMEMBERED: usize = 100_000;

/// What the server still holds to begin sessions with a device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Supply {
    /// One-time keys that nobody has claimed, by algorithm. `signed_curve25519` is always named: a client that reads no
    /// count does not know that it must upload.
    pub one_time_keys: BTreeMap<String, u64>,
    /// Algorithms whose fallback key nobody has been given yet.
    pub unused_fallback_types: Vec<String>,
}

/// The supplies that were read lately.
#[derive(Debug, Default)]
pub struct Supplies(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// Raised by each change: what was read before it is not remembered after it.
    version: u64,
    by_device: HashMap<DeviceNid, (Timestamp, Arc<Supply>)>,
}

impl Supplies {
    /// What is known of a device, or else the version under which it may be remembered once it was read.
    fn get(&self, device: DeviceNid, now: Timestamp) -> Result<Arc<Supply>, u64> {
        let known = self.0.lock();
        match known.by_device.get(&device) {
            Some((read, supply)) if read.after(BELIEVED) > now => Ok(supply.clone()),
            _ => Err(known.version),
        }
    }

    fn remember(&self, device: DeviceNid, now: Timestamp, version: u64, supply: &Arc<Supply>) {
        let mut known = self.0.lock();
        if known.version != version {
            return;
        }
        if known.by_device.len() >= REMEMBERED {
            known.by_device.clear();
        }
        known.by_device.insert(device, (now, supply.clone()));
    }

    /// Forgets devices whose keys have changed. Called after the commit.
    pub(super) fn forget(&self, devices: impl IntoIterator<Item = DeviceNid>) {
        let mut known = self.0.lock();
        known.version += 1;
        for device in devices {
            known.by_device.remove(&device);
        }
    }
}

/// What the server still holds to begin sessions with a device.
///
/// <https://spec.matrix.org/v1.19/client-server-api/#e2e-extensions-to-sync>
pub async fn supply(hs: &Homeserver, device: DeviceNid) -> Result<Arc<Supply>, db::Error> {
    let now = hs.clock.now();
    let version = match hs.supplies.get(device, now) {
        Ok(supply) => return Ok(supply),
        Err(version) => version,
    };
    let (counts, unused_fallback_types) = rows::supply(&hs.db, device).await?;
    let mut one_time_keys: BTreeMap<String, u64> = counts.into_iter().collect();
    one_time_keys.entry("signed_curve25519".to_owned()).or_insert(0);
    let supply = Arc::new(Supply { one_time_keys, unused_fallback_types });
    hs.supplies.remember(device, now, version, &supply);
    Ok(supply)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEVICE: DeviceNid = DeviceNid(1);
    const NOW: Timestamp = Timestamp(1_000_000);

    #[test]
    fn what_was_read_before_a_change_is_not_remembered_after_it() {
        let supplies = Supplies::default();
        let version = supplies.get(DEVICE, NOW).unwrap_err();
        supplies.forget([DEVICE]);
        supplies.remember(DEVICE, NOW, version, &Arc::default());
        let version = supplies.get(DEVICE, NOW).expect_err("the old count would be believed");
        supplies.remember(DEVICE, NOW, version, &Arc::default());
        assert!(supplies.get(DEVICE, NOW).is_ok());
        supplies.forget([DEVICE]);
        assert!(supplies.get(DEVICE, NOW).is_err());
    }

    #[test]
    fn what_another_node_changed_is_seen_after_a_while() {
        let supplies = Supplies::default();
        supplies.remember(DEVICE, NOW, 0, &Arc::default());
        assert!(supplies.get(DEVICE, NOW.after(BELIEVED - Duration::from_secs(1))).is_ok());
        assert!(supplies.get(DEVICE, NOW.after(BELIEVED)).is_err());
    }
}
