//! Opening a hospital: its database, its signing key, who is in which room.

use std::{path::PathBuf, sync::Arc};

use base::Clock;
use db::{Batch, params};
use rand::{Rng, RngCore};
use room::SigningKey;
use ruma::OwnedServerName;
use store::accounts as rows;

use crate::{
    Homeserver, Policy,
    accounts::AccountError,
    appservices::{self, Appservices, Registration, RegistrationError},
    failure::{Failure, Hook},
    feeds::Feeds,
    notice::Notice,
    push::{Push, web_push::Vapid},
    reports,
};

/// What a hospital is opened with.
pub struct Options {
    /// The Matrix server name. It can never change: the names of all users end in it.
    pub server_name: OwnedServerName,
    /// What the hospital allows.
    pub policy: Policy,
    /// Its database.
    pub database: db::Config,
    /// The folder of its media.
    pub media: PathBuf,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// The ways out of the hospital.
    pub outbound: net::Outbound,
    /// The registrations of bots and bridges.
    pub appservices: Vec<Registration>,
}

/// Why a hospital could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The database could not be opened.
    #[error(transparent)]
    Open(#[from] db::OpenError),
    /// Reading failed.
    #[error(transparent)]
    Read(#[from] db::Error),
    /// Writing failed.
    #[error(transparent)]
    Commit(#[from] db::CommitError),
    /// The folder of the media could not be opened.
    #[error("the media store cannot be opened: {0}")]
    Media(#[from] blob::Error),
    /// A registration of an application service cannot be used.
    #[error(transparent)]
    Appservice(#[from] RegistrationError),
    /// The account of an application service could not be made.
    #[error("the user of an application service cannot be made: {0}")]
    Account(#[from] AccountError),
    /// The operating system gives no random numbers.
    #[error("no key can be made")]
    Random,
    /// The data belong to another hospital.
    #[error("the data belong to {found}, not to {wanted}; a server name cannot be changed")]
    OtherServer { found: String, wanted: OwnedServerName },
}

/// Opens a hospital; an empty folder becomes a new one.
pub async fn open(options: Options) -> Result<Homeserver, SetupError> {
    let feeds = Arc::new(Feeds::default());
    let failure = Arc::new(Failure::default());
    let hook = Arc::new(Hook { feeds: feeds.clone(), failure: failure.clone() });
    let db = db::Db::open(options.database, &store::migrations(), hook).await?;
    let signing_key = identity(&db, &options.server_name).await?;
    feeds.load(db.pos(), store::rooms::local_members(&db).await?);
    for upto in store::rooms::purged(&db).await? {
        feeds.memory.gone.note(upto);
    }
    for (user, since) in rows::erased(&db).await? {
        feeds.memory.erased.add(user, since);
    }
    let vapid = match options.policy.push.web_push.is_empty() {
        true => None,
        false => Some(vapid(&db).await?),
    };
    let appservices = Appservices::new(&options.server_name, options.appservices)?;
    let notice = Notice::of(&options.policy, &appservices, &db, options.clock.now()).await?;
    let hs = Homeserver {
        server_name: options.server_name,
        policy: options.policy,
        notice,
        db,
        blobs: blob::Blobs::open_directory(options.media).await?,
        thumbnails: Default::default(),
        upload_turns: Default::default(),
        clock: options.clock,
        signing_key,
        failure,
        feeds,
        rooms: Default::default(),
        typing: Default::default(),
        uiaa: Default::default(),
        tickets: Default::default(),
        rendezvous: Default::default(),
        arrivals: Default::default(),
        connections: Default::default(),
        limits: Default::default(),
        sessions: Default::default(),
        user_nids: Default::default(),
        empty_queues: Default::default(),
        queue_lengths: Default::default(),
        filters: Default::default(),
        supplies: Default::default(),
        outbound: options.outbound,
        push: Push::new(vapid),
        purging: Default::default(),
        appservices,
    };
    appservices::enter(&hs).await?;
    reports::delete_old(&hs).await?;
    crate::app_lock::biometrics::enforce(&hs).await?;
    Ok(hs)
}

/// The signing key of this server, made when the hospital is opened for the first time.
async fn identity(db: &db::Db, server_name: &OwnedServerName) -> Result<SigningKey, SetupError> {
    if let Some(found) = rows::setting(db, "server_name").await? {
        if found != server_name.as_str() {
            let found = String::from_utf8_lossy(&found).into_owned();
            return Err(SetupError::OtherServer { found, wanted: server_name.clone() });
        }
    } else {
        let mut seed = vec![0; 32];
        rand::rng().fill_bytes(&mut seed);
        let mut rng = rand::rng();
        let name: String =
            (0..6).map(|_| char::from(rng.sample(rand::distr::Alphanumeric))).collect();
        drop(rng);
        let mut batch = Batch::new();
        for (setting, value) in [
            ("server_name", server_name.as_bytes().to_vec()),
            ("signing_key_name", name.into_bytes()),
            ("signing_key_seed", seed),
        ] {
            batch.exec(&rows::SET_SETTING, params![setting, value]);
        }
        db.commit(batch).await?;
    }
    let corrupt = || db::Error::corrupt("settings.value");
    let name = rows::setting(db, "signing_key_name").await?.ok_or_else(corrupt)?;
    let seed = rows::setting(db, "signing_key_seed").await?.ok_or_else(corrupt)?;
    let name = std::str::from_utf8(&name).map_err(|_| corrupt())?;
    let seed: [u8; 32] = seed.as_ref().try_into().map_err(|_| corrupt())?;
    SigningKey::from_seed(server_name, name, seed).map_err(|_| corrupt().into())
}

/// The key with which this server signs for Web Push, made when it is allowed for the first time. Subscriptions are bound to it.
async fn vapid(db: &db::Db) -> Result<Vapid, SetupError> {
    if let Some(stored) = rows::setting(db, "vapid_key").await? {
        let key = Vapid::from_stored(&stored);
        return key.ok_or_else(|| db::Error::corrupt("settings.value").into());
    }
    let made = Vapid::generate().map_err(|_| SetupError::Random)?;
    let mut batch = Batch::new();
    batch.exec(&rows::SET_SETTING, params!["vapid_key", made.clone()]);
    db.commit(batch).await?;
    Vapid::from_stored(&made).ok_or(SetupError::Random)
}
