//! Profiles: what colleagues see of a person, and the hospital's directory, which searches them.

use base::UserNid;
use bytes::Bytes;
use db::{Batch, Db, Error, params, stmt};
use ruma::{OwnedUserId, UserId};

use crate::{
    Chapter,
    inventory::{Concerns, Period, column},
};

/// The tables of this chapter.
pub const CHAPTER: Chapter = Chapter {
    schema: &["CREATE TABLE profiles (
            user_nid BIGINT NOT NULL PRIMARY KEY REFERENCES users (user_nid),
            fields BYTEA NOT NULL,
            search TEXT NOT NULL,
            version BIGINT NOT NULL
        )"],
    columns: &[
        column("profiles.user_nid", "whose profile", Concerns::User, Period::Account),
        column(
            "profiles.fields",
            "name, picture, role, department and telephone as colleagues see them",
            Concerns::User,
            Period::Account,
        ),
        column(
            "profiles.search",
            "name, role and department in the form that the directory searches",
            Concerns::User,
            Period::Account,
        ),
        column(
            "profiles.version",
            "guard against two writers at once",
            Concerns::Nobody,
            Period::Account,
        ),
    ],
};

stmt!(PROFILE, "SELECT fields, version FROM profiles WHERE user_nid = $1");
stmt!(
    PROFILE_BY_ID,
    "SELECT p.fields FROM users u JOIN accounts a ON a.user_nid = u.user_nid
     LEFT JOIN profiles p ON p.user_nid = u.user_nid WHERE u.user_id = $1"
);
stmt!(
    INSERT_PROFILE,
    "INSERT INTO profiles (user_nid, fields, search, version) VALUES ($1, $2, $3, 1) ON CONFLICT (user_nid) DO NOTHING"
);
stmt!(
    UPDATE_PROFILE,
    "UPDATE profiles SET fields = $2, search = $3, version = version + 1 WHERE user_nid = $1 AND version = $4"
);
// Each word is a LIKE pattern with `!` as escape; a word that is not needed is `%`. Of a user id only the part before the colon counts.
stmt!(
    SEARCH,
    "SELECT u.user_id, p.fields FROM accounts a JOIN users u ON u.user_nid = a.user_nid
     LEFT JOIN profiles p ON p.user_nid = a.user_nid
     WHERE a.deactivated = 0 AND a.user_nid <> $1
       AND (p.search LIKE $2 ESCAPE '!' OR u.user_id LIKE '@' || $2 || ':%' ESCAPE '!')
       AND (p.search LIKE $3 ESCAPE '!' OR u.user_id LIKE '@' || $3 || ':%' ESCAPE '!')
       AND (p.search LIKE $4 ESCAPE '!' OR u.user_id LIKE '@' || $4 || ':%' ESCAPE '!')
       AND (p.search LIKE $5 ESCAPE '!' OR u.user_id LIKE '@' || $5 || ':%' ESCAPE '!')
     ORDER BY COALESCE(p.search, u.user_id), u.user_id LIMIT $6"
);
stmt!(ALL_FIELDS, "SELECT fields FROM profiles");
stmt!(FORGET, "DELETE FROM profiles WHERE user_nid = $1");

/// How many words a search can have.
pub const SEARCH_WORDS: usize = 4;

/// A stored profile.
#[derive(Clone, Debug)]
pub struct ProfileRow {
    /// The fields, a JSON object.
    pub fields: Bytes,
    /// Raised by every write.
    pub version: i64,
}

/// The profile of a user, if one was written.
pub async fn profile(db: &Db, user: UserNid) -> Result<Option<ProfileRow>, Error> {
    let row = db.query_opt(&PROFILE, params![user.0]).await?;
    row.map(|row| Ok(ProfileRow { fields: row.get(0)?, version: row.get(1)? })).transpose()
}

/// The profile fields of a local account: `None` if there is no such account, `Some(None)` if it has no profile yet.
pub async fn profile_by_id(db: &Db, user: &UserId) -> Result<Option<Option<Bytes>>, Error> {
    let row = db.query_opt(&PROFILE_BY_ID, params![user.as_str()]).await?;
    row.map(|row| row.get(0)).transpose()
}

/// All profiles, as colleagues see them.
pub async fn all_fields(db: &Db) -> Result<Vec<Bytes>, Error> {
    let rows = db.query(&ALL_FIELDS, params![]).await?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// Writes a profile into the batch, guarded by the one that was `read`.
pub fn put_profile(
    batch: &mut Batch,
    user: UserNid,
    read: Option<&ProfileRow>,
    fields: Bytes,
    search: &str,
) {
    match read {
        Some(read) => {
            batch.expect_one(&UPDATE_PROFILE, params![user.0, fields, search, read.version])
        }
        None => batch.expect_one(&INSERT_PROFILE, params![user.0, fields, search]),
    }
}

/// Local accounts, without `but`, that match all words, with their profile fields, in the order of the directory.
pub async fn search(
    db: &Db,
    but: UserNid,
    words: &[String],
    limit: u32,
) -> Result<Vec<(OwnedUserId, Option<Bytes>)>, Error> {
    let word = |number: usize| words.get(number).map_or("%".to_owned(), |word| pattern(word));
    let rows = db.query(&SEARCH, params![but.0, word(0), word(1), word(2), word(3), limit]).await?;
    rows.iter()
        .map(|row| {
            let user = UserId::parse(row.get::<String>(0)?)
                .map_err(|_| Error::corrupt("users.user_id"))?;
            Ok((user, row.get(1)?))
        })
        .collect()
}

/// The pattern that finds a word anywhere.
fn pattern(word: &str) -> String {
    let mut pattern = String::from("%");
    for letter in word.chars() {
        if matches!(letter, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

/// Adds to the batch that the profile of a user is gone.
pub fn forget_account(batch: &mut Batch, user: UserNid) {
    batch.exec(&FORGET, params![user.0]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_searched_as_it_stands() {
        assert_eq!(pattern("meyer"), "%meyer%");
        assert_eq!(pattern("100%_!"), "%100!%!_!!%");
    }
}
