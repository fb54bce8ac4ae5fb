//! `/keys/claim`: one-time keys are handed out, each to one request alone.
//!
//! All keys of a request are taken by one batch, which picks them where it takes them; what it got is read behind it by the
//! claim's number. So two requests never meet, and a crash in between costs a key but never gives one twice.
//!
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3keysclaim>

use std::collections::{BTreeMap, BTreeSet, HashMap};

use base::DeviceNid;
use bytes::Bytes;
use db::{Batch, params};
use ruma::{
    DeviceId, OneTimeKeyAlgorithm, OneTimeKeyId, OwnedDeviceId, OwnedOneTimeKeyId, OwnedServerName,
    OwnedUserId, UserId, encryption::OneTimeKey, serde::Raw,
};
use store::keys::{self as rows, ClaimableRow, ClaimedRow};

use crate::{Homeserver, devices};

/// Most devices of one request.
const MAX_DEVICES: usize = 10_000;

/// How often keys are looked for again, when others took the last one between the look and the claim.
const ROUNDS: usize = 3;

/// Why no key was claimed.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// Too many devices at once.
    #[error("too many devices")]
    TooMany,
    /// The storage failed.
    #[error(transparent)]
    Store(#[from] db::Error),
    /// The storage failed.
    #[error(transparent)]
    Commit(#[from] db::CommitError),
}

/// Keys by user and device.
pub type KeysOfDevices = BTreeMap<OwnedDeviceId, BTreeMap<OwnedOneTimeKeyId, Raw<OneTimeKey>>>;

/// What a request got.
#[derive(Debug, Default)]
pub struct ClaimedKeys {
    /// Devices that do not exist, or have no key of that algorithm, are left out.
    pub one_time_keys: BTreeMap<OwnedUserId, KeysOfDevices>,
    /// Servers that could not be asked.
    pub unreachable: BTreeSet<OwnedServerName>,
}

/// A device of which a key is wanted.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    user: &'a UserId,
    device: &'a DeviceId,
    algorithm: &'a OneTimeKeyAlgorithm,
}

/// Takes one key for each device: the oldest one-time key, or the fallback key if there is none.
pub async fn claim(
    hs: &Homeserver,
    wanted: &BTreeMap<OwnedUserId, BTreeMap<OwnedDeviceId, OneTimeKeyAlgorithm>>,
) -> Result<ClaimedKeys, ClaimError> {
    if wanted.values().map(BTreeMap::len).sum::<usize>() > MAX_DEVICES {
        return Err(ClaimError::TooMany);
    }
    let mut answer = ClaimedKeys::default();
    let mut open = Vec::new();
    for (user, devices) in wanted {
        if user.server_name() != hs.server_name {
            answer.unreachable.insert(user.server_name().to_owned());
            continue;
        }
        for (device, algorithm) in devices {
            // What cannot be a name in the database names no device.
            if !device.as_str().contains('\0') && !algorithm.as_str().contains('\0') {
                open.push(Wanted { user, device, algorithm });
            }
        }
    }
    open = claim_at_once(hs, &mut answer, open).await?;
    for round in 0..ROUNDS {
        if open.is_empty() {
            break;
        }
        open = claim_round(hs, &mut answer, open, round + 1 == ROUNDS).await?;
    }
    Ok(answer)
}

/// Claims for devices that are known, without a look at what they have: nearly always there is a key. Gives back those who
/// got none.
async fn claim_at_once<'a>(
    hs: &Homeserver,
    answer: &mut ClaimedKeys,
    open: Vec<Wanted<'a>>,
) -> Result<Vec<Wanted<'a>>, ClaimError> {
    let users: Vec<&UserId> = open.iter().map(|wanted| wanted.user).collect();
    let devices = devices::of_users(hs, &users).await?;
    let claim = hs.db.nids().next().await?;
    let mut batch = Batch::new();
    let (mut waiting, mut left) = (Vec::with_capacity(open.len()), Vec::new());
    for (wanted, devices) in open.into_iter().zip(devices) {
        let devices = devices.as_ref().map(|(_, devices)| &**devices).unwrap_or_default();
        match devices.iter().find(|(_, device_id)| device_id == wanted.device) {
            Some((device, _)) => {
                let algorithm = wanted.algorithm.as_str();
                batch.exec(&rows::CLAIM_ONE_TIME_KEY, params![claim, device.0, algorithm]);
                waiting.push((wanted, *device));
            }
            None => left.push(wanted),
        }
    }
    let touched = waiting.iter().map(|(_, device)| *device).collect();
    left.extend(take(hs, answer, batch, claim, waiting, touched).await?);
    Ok(left)
}

/// Claims for all that are open; gives back those whose last key went to somebody else meanwhile.
async fn claim_round<'a>(
    hs: &Homeserver,
    answer: &mut ClaimedKeys,
    open: Vec<Wanted<'a>>,
    last_round: bool,
) -> Result<Vec<Wanted<'a>>, ClaimError> {
    let names =
        open.iter().map(|wanted| (wanted.user, wanted.device.as_str(), wanted.algorithm.as_str()));
    let claimable = rows::claimable(&hs.db, names).await?;
    let claim = hs.db.nids().next().await?;
    let mut batch = Batch::new();
    let mut waiting = Vec::new();
    let mut touched = Vec::new();
    for (wanted, found) in open.into_iter().zip(claimable) {
        let Some(ClaimableRow { device, has_one_time_key, fallback }) = found else { continue };
        let algorithm = wanted.algorithm.as_str();
        if has_one_time_key && !last_round {
            batch.exec(&rows::CLAIM_ONE_TIME_KEY, params![claim, device.0, algorithm]);
            waiting.push((wanted, device));
            touched.push(device);
        } else if let Some((key_id, was_used, json)) = fallback {
            if !was_used {
                batch.exec(&rows::USE_FALLBACK_KEY, params![device.0, algorithm, key_id.as_str()]);
                touched.push(device);
            }
            hand_out(answer, wanted, &key_id, &json)?;
        }
    }
    take(hs, answer, batch, claim, waiting, touched).await
}

/// Commits a claim and hands out what it got. Gives back those whose last key went to somebody else meanwhile.
async fn take<'a>(
    hs: &Homeserver,
    answer: &mut ClaimedKeys,
    batch: Batch,
    claim: i64,
    waiting: Vec<(Wanted<'a>, DeviceNid)>,
    touched: Vec<DeviceNid>,
) -> Result<Vec<Wanted<'a>>, ClaimError> {
    if batch.is_empty() {
        return Ok(Vec::new());
    }
    let claimed = rows::commit_claim(&hs.db, batch, claim).await;
    hs.supplies.forget(touched);
    let mut got: HashMap<(DeviceNid, String), (String, Bytes)> =
        HashMap::with_capacity(waiting.len());
    for ClaimedRow { device, algorithm, key_id, json } in claimed?? {
        if let Some(json) = json {
            got.insert((device, algorithm), (key_id, json));
        }
    }
    let mut left = Vec::new();
    for (wanted, device) in waiting {
        match got.remove(&(device, wanted.algorithm.as_str().to_owned())) {
            Some((key_id, json)) => hand_out(answer, wanted, &key_id, &json)?,
            None => left.push(wanted),
        }
    }
    Ok(left)
}

fn hand_out(
    answer: &mut ClaimedKeys,
    wanted: Wanted<'_>,
    key_id: &str,
    json: &[u8],
) -> Result<(), db::Error> {
    let json = std::str::from_utf8(json).map_err(|_| db::Error::corrupt("one_time_keys.json"))?;
    let key = Raw::from_json_string(json.to_owned())
        .map_err(|_| db::Error::corrupt("one_time_keys.json"))?;
    let id = OneTimeKeyId::from_parts(wanted.algorithm.clone(), key_id.into());
    let devices = answer.one_time_keys.entry(wanted.user.to_owned()).or_default();
    devices.entry(wanted.device.to_owned()).or_default().insert(id, key);
    Ok(())
}
