//! Invitations (IV.b): the operator promises an account to a person, who opens a link, chooses a password, and is there.
//!
//! A link is good once and for some days. Nothing of the account exists before: whoever never comes leaves nothing behind.

use std::time::Duration;

use base::Timestamp;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use db::{Batch, CommitError, params};
use rand::RngCore;
use ruma::OwnedUserId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::{
    accounts,
    invitations::{self as rows, KEPT_DAYS, MAX_DAYS},
};

use crate::{
    Homeserver,
    accounts::{AccountError, add, check_name, hash_of, is_taken},
    profiles,
};

/// For how many days an invitation holds unless the operator says otherwise.
pub const USUAL_DAYS: u16 = 7;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What stands in the directory once the person is there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Person {
    /// Name as colleagues see it.
    pub display_name: Option<String>,
    /// Role in the hospital.
    pub role: Option<String>,
    /// Department or ward.
    pub department: Option<String>,
    /// Extension.
    pub phone: Option<String>,
    /// Whether the person may lock and suspend other accounts.
    pub admin: bool,
}

/// An invitation that can be accepted.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// The user id that is promised.
    pub user_id: OwnedUserId,
    /// For whom.
    pub person: Person,
    /// Until when.
    pub expires: Timestamp,
}

/// Why nobody was invited.
#[derive(Debug, thiserror::Error)]
pub enum InviteError {
    /// The name is not allowed, or taken.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// It would hold too short or too long.
    #[error("an invitation holds for 1 to {MAX_DAYS} days")]
    Days,
    /// Something that is said of the person cannot stand in a profile.
    #[error(transparent)]
    Profile(#[from] profiles::SetError),
    /// The storage failed.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// Why a link admits nobody.
#[derive(Debug, thiserror::Error)]
pub enum InvitationError {
    /// It was never given out, was withdrawn, or ended long ago.
    #[error("the invitation is not known")]
    Unknown,
    /// Somebody has accepted it.
    #[error("the invitation has been used")]
    Used,
    /// Its time is over.
    #[error("the invitation has ended")]
    Ended,
    /// The account cannot be made: the password is too weak, or somebody has the name meanwhile.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The storage failed.
    #[error(transparent)]
    Store(#[from] db::Error),
    /// The storage failed.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// A token for a link that nobody can guess: 128 bits. Short, so that its QR code can be read from a screen across a desk.
pub fn new_token() -> String {
    let mut bytes = [0; 16];
    rand::rng().fill_bytes(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Promises an account. An earlier invitation for the same name that nobody has accepted ends.
pub async fn invite(
    hs: &Homeserver,
    token: &str,
    name: &str,
    person: &Person,
    days: u16,
) -> Result<OwnedUserId, InviteError> {
    if !(1..=MAX_DAYS).contains(&days) {
        return Err(InviteError::Days);
    }
    let user_id = check_name(hs, name)?;
    if is_taken(hs, &user_id).await.map_err(AccountError::from)? {
        return Err(AccountError::Taken.into());
    }
    profile_of(person)?;
    let expires = hs.clock.now().after(DAY * u32::from(days));
    let person = serde_json::to_vec(person).expect("a person serialises");
    let mut batch = Batch::new();
    rows::insert(&mut batch, &hash_of(token), name, person, expires);
    hs.db.commit(batch).await?;
    Ok(user_id)
}

/// What a link promises, and to whom.
pub async fn look(hs: &Homeserver, token: &str) -> Result<Invitation, InvitationError> {
    let found = rows::find(&hs.db, &hash_of(token)).await?.ok_or(InvitationError::Unknown)?;
    if found.used {
        return Err(InvitationError::Used);
    }
    if found.expires <= hs.clock.now() {
        return Err(InvitationError::Ended);
    }
    let person = serde_json::from_slice(&found.person)
        .map_err(|_| db::Error::corrupt("invitations.person"))?;
    Ok(Invitation { user_id: check_name(hs, &found.name)?, person, expires: found.expires })
}

/// Makes the promised account with the password that the person has chosen. All of it or nothing, and once.
pub async fn accept(
    hs: &Homeserver,
    token: &str,
    password: &str,
) -> Result<OwnedUserId, InvitationError> {
    let Invitation { user_id, person, .. } = look(hs, token).await?;
    let mut batch = Batch::new();
    rows::accept(&mut batch, &hash_of(token));
    let (user, user_id) = add(hs, &mut batch, user_id.localpart(), Some(password)).await?;
    // What cannot stand in a profile was refused when the person was invited.
    profiles::begin(&mut batch, user, &profile_of(&person).unwrap_or_default());
    if person.admin {
        batch.exec(&accounts::SET_ADMIN, params![user.0, true]);
    }
    match hs.db.commit(batch).await {
        Ok(_) => Ok(user_id),
        // Somebody was quicker, with the link or with the name.
        Err(CommitError::Conflict { .. }) => {
            Err(look(hs, token).await.err().unwrap_or(AccountError::Taken.into()))
        }
        Err(error) => Err(error.into()),
    }
}

fn profile_of(person: &Person) -> Result<Map<String, Value>, profiles::SetError> {
    profiles::entered(&[
        (profiles::DISPLAYNAME, person.display_name.as_deref()),
        (profiles::ROLE, person.role.as_deref()),
        (profiles::DEPARTMENT, person.department.as_deref()),
        (profiles::PHONE, person.phone.as_deref()),
    ])
}

/// Adds to the batch that invitations are gone whose end nobody asks about any more.
pub(crate) fn forget_ended(batch: &mut Batch, now: Timestamp) {
    let kept = DAY * u32::from(KEPT_DAYS);
    let kept = u64::try_from(kept.as_millis()).unwrap_or(u64::MAX);
    rows::delete_before(batch, Timestamp(now.0.saturating_sub(kept)));
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use base::{Clock, MovedClock, SystemClock};
    use tempfile::TempDir;

    use super::*;
    use crate::{Policy, jobs, setup};

    const PASSWORD: &str = "Kastanie am Bahnhof";

    async fn hospital() -> (TempDir, Arc<MovedClock>, Homeserver) {
        let directory = tempfile::tempdir().expect("a directory");
        let clock = Arc::new(MovedClock::at(SystemClock.now()));
        let options = setup::Options {
            server_name: "klinikum.test".try_into().expect("a name"),
            policy: Policy::default(),
            database: db::Config::Sqlite { path: directory.path().join("konsil.db") },
            media: directory.path().join("media"),
            clock: clock.clone(),
            outbound: net::Outbound::new(&net::Options::default()).expect("the system's roots"),
            appservices: Vec::new(),
        };
        (directory, clock, setup::open(options).await.expect("it opens"))
    }

    fn lena() -> Person {
        Person {
            display_name: Some("Dr. Lena Vogt".into()),
            role: Some("Assistenzärztin".into()),
            ..Person::default()
        }
    }

    #[tokio::test]
    async fn an_invitation_holds_to_the_day_and_its_end_is_told_for_a_while() {
        let (_directory, clock, hs) = hospital().await;
        invite(&hs, "token", "lena", &lena(), 7).await.expect("invited");
        clock.advance(DAY * 7 - Duration::from_millis(1));
        assert_eq!(look(&hs, "token").await.expect("the last moment").person, lena());
        clock.advance(Duration::from_millis(1));
        assert!(matches!(look(&hs, "token").await, Err(InvitationError::Ended)));
        assert!(matches!(accept(&hs, "token", PASSWORD).await, Err(InvitationError::Ended)));
        let user_id = check_name(&hs, "lena").expect("a name");
        assert!(!is_taken(&hs, &user_id).await.expect("it is read"), "nothing was made");
        // Nobody asks any more: then what was said of her is gone too.
        clock.advance(DAY * u32::from(KEPT_DAYS) - DAY);
        jobs::run_due(&hs).await.expect("done");
        assert!(matches!(look(&hs, "token").await, Err(InvitationError::Ended)));
        clock.advance(DAY + Duration::from_secs(1));
        jobs::run_due(&hs).await.expect("done");
        assert!(matches!(look(&hs, "token").await, Err(InvitationError::Unknown)));
    }

    #[tokio::test]
    async fn what_was_said_of_a_person_goes_over_into_their_profile() {
        let (_directory, _, hs) = hospital().await;
        invite(&hs, "token", "lena", &Person { admin: true, ..lena() }, 1).await.expect("invited");
        let user_id = accept(&hs, "token", PASSWORD).await.expect("accepted");
        let account = accounts::account(&hs.db, &user_id).await.expect("it is read").expect("made");
        assert!(account.admin);
        let kept = rows::find(&hs.db, &hash_of("token")).await.expect("it is read").expect("kept");
        assert_eq!((&kept.person[..], kept.used), (&b"{}"[..], true));
        let profile = store::profiles::profile(&hs.db, account.user).await.expect("it is read");
        let profile = profiles::fields_of(profile.as_ref().map(|row| &row.fields)).expect("JSON");
        assert_eq!(profile[profiles::DISPLAYNAME], "Dr. Lena Vogt");
        assert_eq!(profile[profiles::ROLE], "Assistenzärztin");
    }

    #[tokio::test]
    async fn what_cannot_become_an_account_is_not_promised() {
        let (_directory, _, hs) = hospital().await;
        let refused = |name, person: Person, days| {
            let hs = &hs;
            async move { invite(hs, "token", name, &person, days).await.is_err() }
        };
        assert!(refused("no spaces", lena(), 7).await);
        assert!(refused("lena", lena(), 0).await && refused("lena", lena(), 31).await);
        let two_lines = Person { role: Some("a\nb".into()), ..Person::default() };
        assert!(refused("lena", two_lines, 7).await);
        assert!(matches!(look(&hs, "token").await, Err(InvitationError::Unknown)));
    }
}
