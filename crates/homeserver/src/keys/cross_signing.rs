//! `/keys/device_signing/upload`: a user publishes the keys by which devices and people are verified.
//!
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3keysdevice_signingupload>

use db::{Batch, CommitError, params};
use ruma::{
    UserId,
    api::client::uiaa::AuthData,
    encryption::{CrossSigningKey, KeyUsage},
    serde::{Base64, base64::Standard},
};
use store::{
    accounts,
    keys::{self as rows, CrossSigningKeyRow},
};

use super::json::Signed;
use crate::{
    Homeserver, Session,
    uiaa::{self, UiaaError},
};

/// The largest cross-signing key, in bytes.
const MAX_KEY_BYTES: usize = 32 * 1024;

/// How often an upload is decided anew when another changed the same keys meanwhile.
const ATTEMPTS: usize = 3;

/// What a user uploads, as JSON.
#[derive(Clone, Copy, Debug, Default)]
pub struct CrossSigningUpload<'a> {
    /// Signs the other two.
    pub master: Option<&'a str>,
    /// Signs the user's devices.
    pub self_signing: Option<&'a str>,
    /// Signs the master keys of others.
    pub user_signing: Option<&'a str>,
}

/// Why cross-signing keys were not accepted; none of them was stored.
#[derive(Debug, thiserror::Error)]
pub enum CrossSigningError {
    /// A key does not have the form of the specification.
    #[error("a key is malformed")]
    BadKey,
    /// A key names another user or another use than it is uploaded for.
    #[error("a key belongs to another user or use")]
    NotForThis,
    /// There is no master key, neither here nor in the upload.
    #[error("there is no master key")]
    NoMaster,
    /// A key is not signed by the master key.
    #[error("a key is not signed by the master key")]
    BadSignature,
    /// A device of the user has the key's name for its id.
    #[error("the name of a key is in use")]
    NameTaken,
    /// Keys are replaced only by who knows the password, or the password was wrong.
    #[error(transparent)]
    Authentication(#[from] UiaaError),
    /// The storage failed.
    #[error(transparent)]
    Store(#[from] db::Error),
    /// The storage failed.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Usage {
    Master,
    SelfSigning,
    UserSigning,
}

impl Usage {
    fn name(self) -> &'static str {
        match self {
            Self::Master => "master",
            Self::SelfSigning => "self_signing",
            Self::UserSigning => "user_signing",
        }
    }

    fn key_usage(self) -> KeyUsage {
        match self {
            Self::Master => KeyUsage::Master,
            Self::SelfSigning => KeyUsage::SelfSigning,
            Self::UserSigning => KeyUsage::UserSigning,
        }
    }
}

#[derive(Debug)]
struct Key<'a> {
    usage: Usage,
    public_key: String,
    json: &'a str,
    signed: Signed,
}

fn parse<'a>(user: &UserId, usage: Usage, json: &'a str) -> Result<Key<'a>, CrossSigningError> {
    if json.len() > MAX_KEY_BYTES {
        return Err(CrossSigningError::BadKey);
    }
    let key: CrossSigningKey = serde_json::from_str(json).map_err(|_| CrossSigningError::BadKey)?;
    if key.user_id != user || !key.usage.contains(&usage.key_usage()) {
        return Err(CrossSigningError::NotForThis);
    }
    let mut keys = key.keys.iter();
    let (Some((id, public_key)), None) = (keys.next(), keys.next()) else {
        return Err(CrossSigningError::BadKey);
    };
    let is_named_by_itself = id.as_str().strip_prefix("ed25519:") == Some(public_key);
    let bytes = Base64::<Standard>::parse(public_key).map_err(|_| CrossSigningError::BadKey)?;
    if !is_named_by_itself || bytes.as_bytes().len() != 32 {
        return Err(CrossSigningError::BadKey);
    }
    let signed = Signed::parse(json).ok_or(CrossSigningError::BadKey)?;
    Ok(Key { usage, public_key: public_key.clone(), json, signed })
}

/// What an upload changes.
#[derive(Debug)]
struct Plan<'a> {
    /// The master key before; what is done is true only as long as it is this one.
    old_master: Option<String>,
    /// Keys to store.
    new: Vec<Key<'a>>,
    /// Keys that are signed by a master key that goes, and were not uploaded anew.
    dropped: Vec<Usage>,
    /// Public keys that are valid no more.
    replaced: Vec<String>,
}

impl Plan<'_> {
    /// The first keys of a user, and the same keys once more, need no password (MSC3967).
    fn needs_password(&self) -> bool {
        self.old_master.is_some() && !self.new.is_empty()
    }
}

/// Decides what an upload changes, and whether its keys are signed as they must be.
fn plan<'a>(
    user: &UserId,
    held: &[CrossSigningKeyRow],
    uploaded: Vec<Key<'a>>,
) -> Result<Plan<'a>, CrossSigningError> {
    let held_as = |usage: Usage| held.iter().find(|row| row.usage == usage.name());
    let is_held = |key: &Key<'_>| {
        held_as(key.usage).is_some_and(|row| {
            let body = std::str::from_utf8(&row.json).ok().and_then(Signed::parse);
            body.is_some_and(|body| body.says_the_same_as(&key.signed))
        })
    };
    let old_master = held_as(Usage::Master).map(|row| row.public_key.clone());
    let new_master = uploaded.iter().find(|key| key.usage == Usage::Master && !is_held(key));
    let replaces_master = new_master.is_some();
    let master = new_master.map(|key| key.public_key.clone()).or(old_master.clone());
    let master = master.ok_or(CrossSigningError::NoMaster)?;

    let new: Vec<_> = uploaded
        .into_iter()
        .filter(|key| match key.usage {
            Usage::Master => !is_held(key),
            // What the old master key had signed, the new one must sign anew.
            Usage::SelfSigning | Usage::UserSigning => replaces_master || !is_held(key),
        })
        .collect();
    let signed_by_master = |key: &Key<'_>| {
        key.usage == Usage::Master || key.signed.is_signed_by(user.as_str(), &master, &master)
    };
    if !new.iter().all(signed_by_master) {
        return Err(CrossSigningError::BadSignature);
    }
    let is_new = |usage: Usage| new.iter().find(|key| key.usage == usage);
    let dropped: Vec<_> = [Usage::SelfSigning, Usage::UserSigning]
        .into_iter()
        .filter(|usage| replaces_master && is_new(*usage).is_none() && held_as(*usage).is_some())
        .collect();
    let replaced = [Usage::Master, Usage::SelfSigning, Usage::UserSigning]
        .into_iter()
        .filter_map(|usage| {
            let old = held_as(usage)?;
            let goes = match is_new(usage) {
                Some(key) => key.public_key != old.public_key,
                None => dropped.contains(&usage),
            };
            goes.then(|| old.public_key.clone())
        })
        .collect();
    Ok(Plan { old_master, new, dropped, replaced })
}

/// Stores the cross-signing keys of a user. Replacing keys needs the password once more; the first ones do not.
pub async fn upload_cross_signing(
    hs: &Homeserver,
    session: &Session,
    upload: CrossSigningUpload<'_>,
    auth: Option<&AuthData>,
) -> Result<(), CrossSigningError> {
    let mut attempts = 0;
    loop {
        attempts += 1;
        match try_upload(hs, session, upload, auth, attempts == 1).await {
            // Another upload came first: what is needed now may be another thing, such as the password.
            Err(CrossSigningError::Commit(CommitError::Conflict { .. })) if attempts < ATTEMPTS => {
            }
            result => return result,
        }
    }
}

async fn try_upload(
    hs: &Homeserver,
    session: &Session,
    upload: CrossSigningUpload<'_>,
    auth: Option<&AuthData>,
    first_attempt: bool,
) -> Result<(), CrossSigningError> {
    let user = &session.user_id;
    let mut uploaded = Vec::with_capacity(3);
    for (usage, json) in [
        (Usage::Master, upload.master),
        (Usage::SelfSigning, upload.self_signing),
        (Usage::UserSigning, upload.user_signing),
    ] {
        if let Some(json) = json {
            uploaded.push(parse(user, usage, json)?);
        }
    }
    let held = rows::cross_signing_keys(&hs.db, session.user).await?;
    let plan = plan(user, &held, uploaded)?;
    if plan.new.is_empty() {
        return Ok(());
    }
    // A password that was right a moment ago ended its session of authentication; it is not asked for twice.
    if plan.needs_password() && (first_attempt || auth.is_none()) {
        uiaa::authorise(hs, session, "POST keys/device_signing/upload", auth).await?;
    }
    let devices = accounts::devices(&hs.db, session.user).await?;
    if plan
        .new
        .iter()
        .any(|key| devices.iter().any(|device| device.device_id.as_str() == key.public_key))
    {
        return Err(CrossSigningError::NameTaken);
    }
    hs.db.commit(batch(session, &plan)).await?;
    Ok(())
}

fn batch(session: &Session, plan: &Plan<'_>) -> Batch {
    let user = session.user.0;
    let mut batch = Batch::new();
    batch.expect_one(&rows::DEVICE_EXISTS, params![session.device.0]);
    let master = plan.new.iter().find(|key| key.usage == Usage::Master);
    match (&plan.old_master, master) {
        (None, Some(key)) => {
            let row =
                params![user, Usage::Master.name(), key.public_key.as_str(), key.json.as_bytes()];
            batch.expect_one(&rows::FIRST_CROSS_SIGNING_KEY, row);
        }
        (Some(old), Some(key)) => {
            let row = params![
                user,
                Usage::Master.name(),
                old,
                key.public_key.as_str(),
                key.json.as_bytes()
            ];
            batch.expect_one(&rows::REPLACE_CROSS_SIGNING_KEY, row);
        }
        (Some(old), None) => {
            batch.expect_one(
                &rows::SAME_CROSS_SIGNING_KEY,
                params![user, Usage::Master.name(), old],
            );
        }
        (None, None) => unreachable!("a plan without any master key is an error"),
    }
    for usage in &plan.dropped {
        batch.exec(&rows::DROP_CROSS_SIGNING_KEY, params![user, usage.name()]);
    }
    for key in plan.new.iter().filter(|key| key.usage != Usage::Master) {
        batch.exec(&rows::DROP_CROSS_SIGNING_KEY, params![user, key.usage.name()]);
        let row = params![user, key.usage.name(), key.public_key.as_str(), key.json.as_bytes()];
        batch.exec(&rows::FIRST_CROSS_SIGNING_KEY, row);
    }
    for public_key in &plan.replaced {
        batch.exec(&rows::DROP_SIGNATURES_OF_KEY, params![user, public_key]);
    }
    rows::touch_device_list(&mut batch, session.user);
    batch
}

#[cfg(test)]
mod tests {
    use ruma::{
        signatures::{Ed25519KeyPair, sign_json},
        user_id,
    };
    use serde_json::json;

    use super::*;

    struct Pair(Ed25519KeyPair, String);

    fn pair() -> Pair {
        let document = Ed25519KeyPair::generate();
        let pair = Ed25519KeyPair::from_der(&document, "x".to_owned()).unwrap();
        let public = Base64::<Standard, _>::new(pair.public_key().to_vec()).encode();
        let named = Ed25519KeyPair::from_der(&document, public.clone()).unwrap();
        Pair(named, public)
    }

    fn key(usage: Usage, pair: &Pair, signer: Option<&Pair>) -> String {
        let id = format!("ed25519:{}", pair.1);
        let json = json!({ "user_id": "@anna:h", "usage": [usage.name()], "keys": { id: pair.1 } });
        let mut object = serde_json::from_value(json).unwrap();
        if let Some(signer) = signer {
            sign_json("@anna:h", &signer.0, &mut object).unwrap();
        }
        serde_json::to_string(&object).unwrap()
    }

    fn row(usage: Usage, pair: &Pair, json: &str) -> CrossSigningKeyRow {
        CrossSigningKeyRow {
            usage: usage.name().to_owned(),
            public_key: pair.1.clone(),
            json: json.to_owned().into(),
        }
    }

    fn planned<'a>(
        held: &[CrossSigningKeyRow],
        uploaded: &[(Usage, &'a str)],
    ) -> Result<Plan<'a>, CrossSigningError> {
        let user = user_id!("@anna:h");
        let uploaded = uploaded
            .iter()
            .map(|(usage, json)| parse(user, *usage, json))
            .collect::<Result<_, _>>()?;
        plan(user, held, uploaded)
    }

    #[test]
    fn the_first_keys_and_the_same_keys_again_need_no_password() {
        let (master, devices) = (pair(), pair());
        let (m, s) =
            (key(Usage::Master, &master, None), key(Usage::SelfSigning, &devices, Some(&master)));
        let upload = [(Usage::Master, m.as_str()), (Usage::SelfSigning, s.as_str())];
        let first = planned(&[], &upload).unwrap();
        assert_eq!((first.new.len(), first.needs_password()), (2, false));
        let held = [row(Usage::Master, &master, &m), row(Usage::SelfSigning, &devices, &s)];
        let again = planned(&held, &upload).unwrap();
        assert_eq!((again.new.len(), again.needs_password()), (0, false));
    }

    #[test]
    fn any_other_key_needs_the_password() {
        let (master, devices, other) = (pair(), pair(), pair());
        let (m, s) =
            (key(Usage::Master, &master, None), key(Usage::SelfSigning, &devices, Some(&master)));
        let held = [row(Usage::Master, &master, &m)];
        assert!(planned(&held, &[(Usage::SelfSigning, &s)]).unwrap().needs_password());
        let o = key(Usage::Master, &other, None);
        assert!(planned(&held, &[(Usage::Master, &o)]).unwrap().needs_password());
    }

    #[test]
    fn a_new_master_key_takes_along_what_only_the_old_one_had_signed() {
        let (old, new, devices, people) = (pair(), pair(), pair(), pair());
        let s = key(Usage::SelfSigning, &devices, Some(&old));
        let u = key(Usage::UserSigning, &people, Some(&old));
        let held = [
            row(Usage::Master, &old, &key(Usage::Master, &old, None)),
            row(Usage::SelfSigning, &devices, &s),
            row(Usage::UserSigning, &people, &u),
        ];
        let m = key(Usage::Master, &new, None);
        assert!(matches!(
            planned(&held, &[(Usage::Master, &m), (Usage::SelfSigning, &s)]),
            Err(CrossSigningError::BadSignature)
        ));
        let signed_anew = key(Usage::SelfSigning, &devices, Some(&new));
        let plan =
            planned(&held, &[(Usage::Master, &m), (Usage::SelfSigning, &signed_anew)]).unwrap();
        assert_eq!(plan.new.len(), 2);
        assert_eq!(plan.dropped, [Usage::UserSigning]);
        assert_eq!(plan.replaced, [old.1, people.1]);
    }

    #[test]
    fn keys_that_the_master_key_did_not_sign_are_refused() {
        let (master, devices, stranger) = (pair(), pair(), pair());
        let m = key(Usage::Master, &master, None);
        for signer in [None, Some(&stranger)] {
            let s = key(Usage::SelfSigning, &devices, signer);
            let refused = planned(&[], &[(Usage::Master, &m), (Usage::SelfSigning, &s)]);
            assert!(matches!(refused, Err(CrossSigningError::BadSignature)));
        }
        let s = key(Usage::SelfSigning, &devices, Some(&master));
        assert!(matches!(
            planned(&[], &[(Usage::SelfSigning, &s)]),
            Err(CrossSigningError::NoMaster)
        ));
    }

    #[test]
    fn a_key_is_one_public_key_of_this_user_for_this_use() {
        let public = pair().1;
        let id = format!("ed25519:{public}");
        let good = json!({ "user_id": "@anna:h", "usage": ["master"], "keys": { &id: &public } });
        let with = |field: &str, value: serde_json::Value| {
            let mut key = good.clone();
            key[field] = value;
            key.to_string()
        };
        let parsed = |json: &str| parse(user_id!("@anna:h"), Usage::Master, json).map(drop);
        assert!(parsed(&good.to_string()).is_ok());
        assert!(matches!(
            parsed(&with("user_id", json!("@eva:h"))),
            Err(CrossSigningError::NotForThis)
        ));
        assert!(matches!(
            parsed(&with("usage", json!(["self_signing"]))),
            Err(CrossSigningError::NotForThis)
        ));
        for keys in [
            json!({}),
            json!({ &id: "other" }),
            json!({ "ed25519:abcd": "abcd" }),
            json!({ &id: &public, "ed25519:x": "x" }),
        ] {
            assert!(matches!(parsed(&with("keys", keys)), Err(CrossSigningError::BadKey)));
        }
    }
}
