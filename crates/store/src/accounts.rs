//! Users, accounts, devices and access tokens.

use base::{DeviceNid, Pos, Timestamp, UserNid};
use db::{Batch, Db, Error, Row, params, stmt};
use ruma::{DeviceId, OwnedDeviceId, OwnedUserId, UserId};

use crate::{
    Chapter,
    inventory::{Concerns, Period, column},
};

/// The tables of this chapter.
pub const CHAPTER: Chapter = Chapter {
    schema: &[
        "CREATE TABLE settings (name TEXT NOT NULL PRIMARY KEY, value BYTEA NOT NULL)",
        "CREATE TABLE users (user_nid BIGINT NOT NULL PRIMARY KEY, user_id TEXT NOT NULL UNIQUE)",
        "CREATE TABLE accounts (
            user_nid BIGINT NOT NULL PRIMARY KEY REFERENCES users (user_nid),
            password_hash TEXT,
            created_ts BIGINT NOT NULL,
            deactivated BIGINT NOT NULL,
            admin BIGINT NOT NULL,
            locked BIGINT NOT NULL,
            suspended BIGINT NOT NULL,
            erased_pos BIGINT
        )",
        "CREATE INDEX accounts_erased ON accounts (erased_pos) WHERE erased_pos IS NOT NULL",
        "CREATE TABLE devices (
            device_nid BIGINT NOT NULL PRIMARY KEY,
            user_nid BIGINT NOT NULL REFERENCES accounts (user_nid),
            device_id TEXT NOT NULL,
            display_name TEXT,
            created_ts BIGINT NOT NULL,
            UNIQUE (user_nid, device_id)
        )",
        "CREATE TABLE tokens (
            token_hash BYTEA NOT NULL PRIMARY KEY,
            device_nid BIGINT NOT NULL REFERENCES devices (device_nid),
            refresh BIGINT NOT NULL,
            generation BIGINT NOT NULL,
            expires_ts BIGINT
        )",
        "CREATE INDEX tokens_device ON tokens (device_nid)",
    ],
    columns: &[
        column(
            "settings.name",
            "which setting of the installation",
            Concerns::Nobody,
            Period::Installation,
        ),
        column(
            "settings.value",
            "signing key and other facts of the installation",
            Concerns::Nobody,
            Period::Installation,
        ),
        column("users.user_nid", "short name of a user", Concerns::User, Period::Account),
        column(
            "users.user_id",
            "Matrix user id, to address the person",
            Concerns::User,
            Period::Account,
        ),
        column("accounts.user_nid", "whose account", Concerns::User, Period::Account),
        column(
            "accounts.password_hash",
            "check of the password (Argon2id)",
            Concerns::User,
            Period::Account,
        ),
        column(
            "accounts.created_ts",
            "when the account was admitted (IV.b)",
            Concerns::User,
            Period::Account,
        ),
        column(
            "accounts.deactivated",
            "whether the account is closed",
            Concerns::User,
            Period::Account,
        ),
        column(
            "accounts.admin",
            "whether the person may lock and suspend accounts and read reports",
            Concerns::User,
            Period::Account,
        ),
        column(
            "accounts.locked",
            "whether an administrator has closed the account for the time being",
            Concerns::User,
            Period::Account,
        ),
        column(
            "accounts.suspended",
            "whether an administrator lets the account only read for the time being",
            Concerns::User,
            Period::Account,
        ),
        column(
            "accounts.erased_pos",
            "since when what the person wrote is shown as deleted to who comes later, as the person wished when closing the account",
            Concerns::User,
            Period::Account,
        ),
        column("devices.device_nid", "short name of a device", Concerns::User, Period::Device),
        column("devices.user_nid", "whose device", Concerns::User, Period::Device),
        column(
            "devices.device_id",
            "Matrix device id, to encrypt to the device",
            Concerns::User,
            Period::Device,
        ),
        column(
            "devices.display_name",
            "so that people tell their devices apart",
            Concerns::User,
            Period::Device,
        ),
        column(
            "devices.created_ts",
            "so that people recognise a sign-in that was not theirs",
            Concerns::User,
            Period::Device,
        ),
        column(
            "tokens.token_hash",
            "check of the access token (SHA-256)",
            Concerns::User,
            Period::Device,
        ),
        column("tokens.device_nid", "whose token", Concerns::User, Period::Device),
        column("tokens.refresh", "access or refresh token", Concerns::User, Period::Device),
        column(
            "tokens.generation",
            "so that a token ends when its successor is used",
            Concerns::User,
            Period::Device,
        ),
        column("tokens.expires_ts", "end of the token's life", Concerns::User, Period::Device),
    ],
};

stmt!(SETTING, "SELECT value FROM settings WHERE name = $1");
stmt!(
    SET_SETTING,
    "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
);
stmt!(USER_NID, "SELECT user_nid FROM users WHERE user_id = $1");
stmt!(USER_ID, "SELECT user_id FROM users WHERE user_nid = $1");
stmt!(
    INSERT_USER,
    "INSERT INTO users (user_nid, user_id) VALUES ($1, $2) ON CONFLICT (user_id) DO NOTHING"
);
stmt!(
    INSERT_ACCOUNT,
    "INSERT INTO accounts (user_nid, password_hash, created_ts, deactivated, admin, locked, suspended) VALUES ($1, $2, $3, 0, 0, 0, 0)
     ON CONFLICT (user_nid) DO NOTHING"
);
stmt!(
    ACCOUNT,
    "SELECT u.user_nid, a.password_hash, a.deactivated, a.admin, a.locked, a.suspended
     FROM users u JOIN accounts a ON a.user_nid = u.user_nid WHERE u.user_id = $1"
);
stmt!(
    ACCOUNTS,
    "SELECT u.user_nid, u.user_id, a.deactivated, a.created_ts FROM users u JOIN accounts a ON a.user_nid = u.user_nid ORDER BY u.user_id"
);
stmt!(
    SET_PASSWORD,
    "UPDATE accounts SET password_hash = $2 WHERE user_nid = $1 AND deactivated = 0"
);
stmt!(
    DEACTIVATE,
    "UPDATE accounts SET deactivated = 1, password_hash = NULL, admin = 0 WHERE user_nid = $1"
);
stmt!(ERASE, "UPDATE accounts SET erased_pos = $2 WHERE user_nid = $1");
stmt!(
    ERASED,
    "SELECT u.user_id, a.erased_pos FROM accounts a JOIN users u ON u.user_nid = a.user_nid WHERE a.erased_pos IS NOT NULL"
);
stmt!(SET_ADMIN, "UPDATE accounts SET admin = $2 WHERE user_nid = $1 AND deactivated = 0");
stmt!(
    SET_LOCKED,
    "UPDATE accounts SET locked = $2 WHERE user_nid = $1 AND deactivated = 0 AND admin = 0"
);
stmt!(
    SET_SUSPENDED,
    "UPDATE accounts SET suspended = $2 WHERE user_nid = $1 AND deactivated = 0 AND admin = 0"
);
stmt!(
    DEVICES,
    "SELECT device_nid, device_id, display_name, created_ts FROM devices WHERE user_nid = $1 AND device_id <> '' ORDER BY device_nid"
);
stmt!(
    DEVICE,
    "SELECT device_nid, device_id, display_name, created_ts FROM devices WHERE user_nid = $1 AND device_id = $2"
);
stmt!(
    INSERT_DEVICE,
    "INSERT INTO devices (device_nid, user_nid, device_id, display_name, created_ts) VALUES ($1, $2, $3, $4, $5)"
);
stmt!(
    /// The device without a name of an application service's user: what is sent without a device hangs on it.
    ENSURE_NAMELESS_DEVICE,
    "INSERT INTO devices (device_nid, user_nid, device_id, display_name, created_ts) VALUES ($1, $2, '', NULL, $3) ON CONFLICT (user_nid, device_id) DO NOTHING"
);
stmt!(RENAME_DEVICE, "UPDATE devices SET display_name = $2 WHERE device_nid = $1");
stmt!(COUNT_DEVICES, "SELECT COUNT(*) FROM devices WHERE user_nid = $1");
stmt!(DELETE_DEVICE, "DELETE FROM devices WHERE device_nid = $1");
stmt!(
    INSERT_TOKEN,
    "INSERT INTO tokens (token_hash, device_nid, refresh, generation, expires_ts) VALUES ($1, $2, $3, $4, $5)"
);
// The guard of a refresh: the token has not been replaced meanwhile.
stmt!(TOKEN_IS_THERE, "UPDATE tokens SET refresh = refresh WHERE token_hash = $1");
stmt!(DELETE_TOKENS_AFTER, "DELETE FROM tokens WHERE device_nid = $1 AND generation > $2");
stmt!(DELETE_TOKENS_BEFORE, "DELETE FROM tokens WHERE device_nid = $1 AND generation < $2");
stmt!(DELETE_TOKENS_OF_DEVICE, "DELETE FROM tokens WHERE device_nid = $1");
stmt!(
    TOKEN,
    "SELECT u.user_nid, u.user_id, d.device_nid, d.device_id, t.expires_ts, t.generation, a.locked, a.suspended,
        (SELECT MIN(o.generation) FROM tokens o WHERE o.device_nid = t.device_nid)
     FROM tokens t JOIN devices d ON d.device_nid = t.device_nid JOIN users u ON u.user_nid = d.user_nid JOIN accounts a ON a.user_nid = d.user_nid
     WHERE t.token_hash = $1 AND t.refresh = $2"
);
/// A local account as login needs it.
pub struct Account {
    /// Whose account.
    pub user: UserNid,
    /// PHC string, `None` if the person cannot log in with a password.
    pub password_hash: Option<String>,
    /// Whether the account is closed.
    pub deactivated: bool,
    /// Whether the person administers the server.
    pub admin: bool,
    /// Whether an administrator has closed the account for the time being.
    pub locked: bool,
    /// Whether an administrator lets the account only read.
    pub suspended: bool,
}

/// A device of a local user.
pub struct Device {
    /// Row number.
    pub device: DeviceNid,
    /// Matrix device id.
    pub device_id: OwnedDeviceId,
    /// The name that its owner gave it.
    pub display_name: Option<String>,
    /// First login.
    pub created: Timestamp,
}

/// Whom a token stands for.
pub struct TokenOwner {
    /// Row number of the user.
    pub user: UserNid,
    /// Matrix user id.
    pub user_id: OwnedUserId,
    /// Row number of the device.
    pub device: DeviceNid,
    /// Matrix device id.
    pub device_id: OwnedDeviceId,
    /// When the token ends, if it does.
    pub expires: Option<Timestamp>,
    /// How often the device's tokens had been replaced when it was made.
    pub generation: i64,
    /// Whether the account is locked.
    pub locked: bool,
    /// Whether the account is suspended.
    pub suspended: bool,
    /// The generation of the device's oldest token: tokens that this one replaces are still there if it is lower.
    pub oldest_generation: i64,
}

fn device_of(row: &Row) -> Result<Device, Error> {
    Ok(Device {
        device: DeviceNid(row.get(0)?),
        device_id: row.get::<String>(1)?.into(),
        display_name: row.get(2)?,
        created: Timestamp(row.get(3)?),
    })
}

/// A setting of the installation.
pub async fn setting(db: &Db, name: &str) -> Result<Option<bytes::Bytes>, Error> {
    db.query_opt(&SETTING, params![name]).await?.map(|row| row.get(0)).transpose()
}

/// How many devices a user has.
pub async fn count_devices(db: &Db, user: UserNid) -> Result<u64, Error> {
    let row = db.query_opt(&COUNT_DEVICES, params![user.0]).await?;
    row.map_or(Ok(0), |row| row.get(0))
}

/// The people who wished that what they wrote be erased, and since when.
pub async fn erased(db: &Db) -> Result<Vec<(OwnedUserId, Pos)>, Error> {
    let rows = db.query(&ERASED, params![]).await?;
    rows.iter()
        .map(|row| {
            let user = UserId::parse(row.get::<String>(0)?);
            Ok((user.map_err(|_| Error::corrupt("users.user_id"))?, row.get(1)?))
        })
        .collect()
}

/// The row number of a user, if the user is known.
pub async fn user_nid(db: &Db, user: &UserId) -> Result<Option<UserNid>, Error> {
    let row = db.query_opt(&USER_NID, params![user.as_str()]).await?;
    row.map(|row| Ok(UserNid(row.get(0)?))).transpose()
}

/// The id of a user, by row number.
pub async fn user_id(db: &Db, user: UserNid) -> Result<Option<OwnedUserId>, Error> {
    let row = db.query_opt(&USER_ID, params![user.0]).await?;
    row.map(|row| UserId::parse(row.get::<String>(0)?).map_err(|_| Error::corrupt("users.user_id")))
        .transpose()
}

/// The account of a local user.
pub async fn account(db: &Db, user: &UserId) -> Result<Option<Account>, Error> {
    let row = db.query_opt(&ACCOUNT, params![user.as_str()]).await?;
    row.map(|row| {
        Ok(Account {
            user: UserNid(row.get(0)?),
            password_hash: row.get(1)?,
            deactivated: row.get(2)?,
            admin: row.get(3)?,
            locked: row.get(4)?,
            suspended: row.get(5)?,
        })
    })
    .transpose()
}

/// Every local account: row number, id, whether closed, when created.
pub async fn accounts(db: &Db) -> Result<Vec<(UserNid, OwnedUserId, bool, Timestamp)>, Error> {
    let rows = db.query(&ACCOUNTS, params![]).await?;
    rows.iter()
        .map(|row| {
            let user_id = UserId::parse(row.get::<String>(1)?)
                .map_err(|_| Error::corrupt("users.user_id"))?;
            Ok((UserNid(row.get(0)?), user_id, row.get(2)?, Timestamp(row.get(3)?)))
        })
        .collect()
}

/// The devices of a user, oldest first.
pub async fn devices(db: &Db, user: UserNid) -> Result<Vec<Device>, Error> {
    db.query(&DEVICES, params![user.0]).await?.iter().map(device_of).collect()
}

/// The devices of users, in the order of the question: row number and Matrix device id, oldest first.
pub async fn device_ids(
    db: &Db,
    users: impl Iterator<Item = UserNid>,
) -> Result<Vec<Vec<(DeviceNid, OwnedDeviceId)>>, Error> {
    let mut set = db::ReadSet::new();
    for user in users {
        set.push(&DEVICES, params![user.0]);
    }
    let device = |row: &Row| Ok((DeviceNid(row.get(0)?), row.get::<&str>(1)?.into()));
    db.read(set).await?.iter().map(|rows| rows.iter().map(device).collect()).collect()
}

/// One device of a user.
pub async fn device(db: &Db, user: UserNid, device_id: &DeviceId) -> Result<Option<Device>, Error> {
    let row = db.query_opt(&DEVICE, params![user.0, device_id.as_str()]).await?;
    row.as_ref().map(device_of).transpose()
}

/// Whom a token stands for. `refresh` tells access tokens from refresh tokens.
pub async fn token_owner(
    db: &Db,
    token_hash: &[u8],
    refresh: bool,
) -> Result<Option<TokenOwner>, Error> {
    let row = db.query_opt(&TOKEN, params![token_hash.to_vec(), refresh]).await?;
    row.map(|row| {
        Ok(TokenOwner {
            user: UserNid(row.get(0)?),
            user_id: UserId::parse(row.get::<String>(1)?)
                .map_err(|_| Error::corrupt("users.user_id"))?,
            device: DeviceNid(row.get(2)?),
            device_id: row.get::<String>(3)?.into(),
            expires: row.get::<Option<u64>>(4)?.map(Timestamp),
            generation: row.get(5)?,
            locked: row.get(6)?,
            suspended: row.get(7)?,
            oldest_generation: row.get(8)?,
        })
    })
    .transpose()
}

/// Adds to the batch that a device and its tokens are gone. The chapters that keep more of a device drop it first.
pub fn delete_device(batch: &mut Batch, device: DeviceNid) {
    batch.exec(&DELETE_TOKENS_OF_DEVICE, params![device.0]);
    batch.exec(&crate::rooms::FORGET_SENDING_DEVICE, params![device.0]);
    batch.exec(&crate::rooms::DROP_TRANSACTIONS, params![device.0]);
    batch.exec(&DELETE_DEVICE, params![device.0]);
}

/// Adds a user to the batch, local or remote.
pub fn insert_user(batch: &mut Batch, user: UserNid, user_id: &UserId) {
    batch.expect_one(&INSERT_USER, params![user.0, user_id.as_str()]);
}
