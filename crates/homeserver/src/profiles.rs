//! Profiles: what colleagues see of a person. <https://spec.matrix.org/v1.19/client-server-api/#profiles>
//!
//! A profile is one JSON object and is served as it is stored. Role, department and telephone (`de.konsil.…`) are set by
//! the hospital ([`set_by_operator`]), never by the person: colleagues must be able to rely on them.

use base::UserNid;
use bytes::Bytes;
use db::{Batch, CommitError, Error};
use ruma::{MxcUri, UserId};
use serde_json::{Map, Value};

use crate::{Homeserver, Session, directory, rooms};

/// Largest profile, in bytes of JSON, and longest field name, in bytes, as the specification has them.
pub const MAX_PROFILE_BYTES: usize = 64 * 1024;
const MAX_KEY_BYTES: usize = 255;
/// Longest name of a person, in characters: it stands in every member event.
pub const MAX_NAME_CHARS: usize = 256;
const MAX_AVATAR_URL_BYTES: usize = 1_000;
/// How often a change is tried when somebody else changes the same profile.
const ATTEMPTS: u32 = 5;

/// Name of the person.
pub const DISPLAYNAME: &str = "displayname";
/// Picture of the person, an `mxc://` address.
pub const AVATAR_URL: &str = "avatar_url";
/// Role in the hospital: "Oberärztin", "Pflege".
pub const ROLE: &str = "de.konsil.role";
/// Department or ward.
pub const DEPARTMENT: &str = "de.konsil.department";
/// Telephone in the hospital.
pub const PHONE: &str = "de.konsil.phone";
/// What fields of the hospital start with. For the capability `m.profile_fields`.
pub const RESERVED_PREFIX: &str = "de.konsil.";

/// Why a profile was not changed.
#[derive(Debug, thiserror::Error)]
pub enum SetError {
    /// The profile is somebody else's.
    #[error("the profile belongs to somebody else")]
    NotYours,
    /// The hospital alone sets this field.
    #[error("this field is set by the hospital")]
    Reserved,
    /// The field's name has another form than the specification wants.
    #[error("the name of the field is not valid")]
    InvalidKey,
    /// The field's name is too long.
    #[error("the name of the field is too long")]
    KeyTooLarge,
    /// The value has the wrong type or form for this field.
    #[error("the value is not valid for this field")]
    InvalidValue,
    /// The profile as a whole would be too large.
    #[error("the profile is too large")]
    ProfileTooLarge,
    /// The profile was changed, and the rooms could not be told.
    #[error("the rooms could not be told: {0}")]
    Rooms(#[from] rooms::WriteError),
    /// Reading failed.
    #[error(transparent)]
    Store(#[from] Error),
    /// Writing failed.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// The profile of a local user as a JSON object, `None` if there is no such account.
pub async fn profile(hs: &Homeserver, user: &UserId) -> Result<Option<Bytes>, Error> {
    if user.server_name() != hs.server_name {
        return Ok(None);
    }
    let fields = store::profiles::profile_by_id(&hs.db, user).await?;
    Ok(fields.map(|fields| fields.unwrap_or(Bytes::from_static(b"{}"))))
}

/// One field of a local user's profile.
pub async fn field(hs: &Homeserver, user: &UserId, key: &str) -> Result<Option<Value>, Error> {
    let Some(profile) = profile(hs, user).await? else { return Ok(None) };
    Ok(fields_of(Some(&profile))?.remove(key))
}

/// Name and picture, as they stand in the member events of the user's rooms.
pub async fn member_fields(
    hs: &Homeserver,
    user: UserNid,
) -> Result<(Option<String>, Option<String>), Error> {
    let row = store::profiles::profile(&hs.db, user).await?;
    let fields = fields_of(row.as_ref().map(|row| &row.fields))?;
    let text = |key| fields.get(key).and_then(Value::as_str).map(str::to_owned);
    Ok((text(DISPLAYNAME), text(AVATAR_URL)))
}

/// Sets a field of the session's own profile, and tells the user's rooms of a new name or picture.
pub async fn set_field(
    hs: &Homeserver,
    session: &Session,
    user: &UserId,
    key: &str,
    value: &Value,
) -> Result<(), SetError> {
    check_owner(session, user, key)?;
    if edit(hs, session.user, &[(key, Some(value))]).await?
        && matches!(key, DISPLAYNAME | AVATAR_URL)
    {
        rooms::membership::refresh_profile(hs, session).await?;
    }
    Ok(())
}

/// Removes a field of the session's own profile; one that is not there is removed already.
pub async fn delete_field(
    hs: &Homeserver,
    session: &Session,
    user: &UserId,
    key: &str,
) -> Result<(), SetError> {
    check_owner(session, user, key)?;
    if edit(hs, session.user, &[(key, None)]).await? && matches!(key, DISPLAYNAME | AVATAR_URL) {
        rooms::membership::refresh_profile(hs, session).await?;
    }
    Ok(())
}

/// Sets fields of anybody's profile, those of the hospital among them: for `konsil user add --role … --department …` and
/// for registration. `None` removes a field. Rooms that the user has joined already are not told.
pub async fn set_by_operator(
    hs: &Homeserver,
    user: UserNid,
    fields: &[(&str, Option<&str>)],
) -> Result<(), SetError> {
    let values: Vec<_> = fields.iter().map(|(key, value)| (*key, value.map(Value::from))).collect();
    let values: Vec<_> = values.iter().map(|(key, value)| (*key, value.as_ref())).collect();
    edit(hs, user, &values).await.map(|_| ())
}

/// The profile of somebody who is new, as the operator enters it; an error if a field is not allowed.
pub(crate) fn entered(fields: &[(&str, Option<&str>)]) -> Result<Map<String, Value>, SetError> {
    let values: Vec<_> = fields.iter().map(|(key, value)| (*key, value.map(Value::from))).collect();
    let values: Vec<_> = values.iter().map(|(key, value)| (*key, value.as_ref())).collect();
    let mut entered = Map::new();
    apply(&mut entered, &values)?;
    Ok(entered)
}

/// Adds the profile of somebody who is new to the batch.
pub(crate) fn begin(batch: &mut Batch, user: UserNid, fields: &Map<String, Value>) {
    let json = serde_json::to_vec(fields).expect("a JSON value serialises");
    let search = directory::search_text(fields);
    store::profiles::put_profile(batch, user, None, json.into(), &search);
}

fn check_owner(session: &Session, user: &UserId, key: &str) -> Result<(), SetError> {
    if session.user_id != user {
        return Err(SetError::NotYours);
    }
    if key.starts_with(RESERVED_PREFIX) { Err(SetError::Reserved) } else { Ok(()) }
}

/// Changes fields of a profile; `false` if nothing was different.
async fn edit(
    hs: &Homeserver,
    user: UserNid,
    changes: &[(&str, Option<&Value>)],
) -> Result<bool, SetError> {
    let mut attempts = 1..=ATTEMPTS;
    loop {
        let read = store::profiles::profile(&hs.db, user).await?;
        let mut fields = fields_of(read.as_ref().map(|row| &row.fields))?;
        if !apply(&mut fields, changes)? {
            return Ok(false);
        }
        let json = serde_json::to_vec(&fields).expect("a JSON value serialises");
        if json.len() > MAX_PROFILE_BYTES {
            return Err(SetError::ProfileTooLarge);
        }
        let mut batch = Batch::new();
        let search = directory::search_text(&fields);
        store::profiles::put_profile(&mut batch, user, read.as_ref(), json.into(), &search);
        match hs.db.commit(batch).await {
            Err(CommitError::Conflict { .. }) if attempts.next().is_some() => {}
            done => return Ok(done.map(|_| true)?),
        }
    }
}

/// Applies changes to the fields, if each is allowed; `false` if nothing was different.
fn apply(
    fields: &mut Map<String, Value>,
    changes: &[(&str, Option<&Value>)],
) -> Result<bool, SetError> {
    let mut changed = false;
    for (key, value) in changes {
        check_key(key)?;
        let before = match value {
            Some(value) if !is_unset(key, value) => {
                check_value(key, value)?;
                fields.insert((*key).to_owned(), (*value).clone())
            }
            _ => fields.remove(*key),
        };
        changed |= before.as_ref() != fields.get(*key);
    }
    Ok(changed)
}

/// An empty name or picture is none, as clients of old say it.
fn is_unset(key: &str, value: &Value) -> bool {
    matches!(key, DISPLAYNAME | AVATAR_URL) && (value.is_null() || value.as_str() == Some(""))
}

/// <https://spec.matrix.org/v1.19/appendices/#common-namespaced-identifier-grammar>
fn check_key(key: &str) -> Result<(), SetError> {
    if key.len() > MAX_KEY_BYTES {
        return Err(SetError::KeyTooLarge);
    }
    let starts_well = key.starts_with(|first: char| first.is_ascii_lowercase());
    let is_allowed = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'.');
    if starts_well && key.bytes().all(is_allowed) { Ok(()) } else { Err(SetError::InvalidKey) }
}

fn check_value(key: &str, value: &Value) -> Result<(), SetError> {
    let is_line = |value: &Value| {
        value.as_str().is_some_and(|text| {
            text.chars().count() <= MAX_NAME_CHARS && !text.chars().any(char::is_control)
        })
    };
    let valid = match key {
        AVATAR_URL => value.as_str().is_some_and(is_avatar),
        DISPLAYNAME => is_line(value),
        "m.tz" => value.as_str().is_some_and(|zone| jiff::tz::TimeZone::get(zone).is_ok()),
        key if key.starts_with(RESERVED_PREFIX) => is_line(value),
        _ => true,
    };
    if valid { Ok(()) } else { Err(SetError::InvalidValue) }
}

fn is_avatar(url: &str) -> bool {
    url.len() <= MAX_AVATAR_URL_BYTES && <&MxcUri>::from(url).is_valid()
}

pub(crate) fn fields_of(stored: Option<&Bytes>) -> Result<Map<String, Value>, Error> {
    match stored {
        Some(stored) => {
            serde_json::from_slice(stored).map_err(|_| Error::corrupt("profiles.fields"))
        }
        None => Ok(Map::new()),
    }
}

#[cfg(test)]
mod tests {
    use ruma::{device_id, user_id};
    use serde_json::json;

    use super::*;

    fn after(fields: &Value, key: &str, value: Option<&Value>) -> Result<(bool, Value), SetError> {
        let mut fields = fields.as_object().unwrap().clone();
        let changed = apply(&mut fields, &[(key, value)])?;
        Ok((changed, Value::Object(fields)))
    }

    #[test]
    fn a_field_is_set_replaced_and_removed() {
        let name = json!("Dr. Anna Meyer");
        let (changed, fields) = after(&json!({}), DISPLAYNAME, Some(&name)).unwrap();
        assert!(changed);
        assert!(
            !after(&fields, DISPLAYNAME, Some(&name)).unwrap().0,
            "the same again changes nothing"
        );
        assert_eq!(after(&fields, DISPLAYNAME, None).unwrap(), (true, json!({})));
        assert_eq!(
            after(&fields, DISPLAYNAME, Some(&json!(""))).unwrap(),
            (true, json!({})),
            "an empty name is none"
        );
        assert_eq!(after(&fields, AVATAR_URL, None).unwrap(), (false, fields));
    }

    #[test]
    fn values_have_the_form_of_their_field() {
        let too_long = "x".repeat(MAX_NAME_CHARS + 1);
        for (key, value) in [
            (DISPLAYNAME, json!(7)),
            (DISPLAYNAME, json!("two\nlines")),
            (DISPLAYNAME, json!("nul\u{0}")),
            (DISPLAYNAME, json!(too_long)),
            (AVATAR_URL, json!("https://elsewhere.example/a.png")),
            (AVATAR_URL, json!("mxc://no-media-id")),
            (ROLE, json!({ "is": "no text" })),
        ] {
            assert!(
                matches!(after(&json!({}), key, Some(&value)), Err(SetError::InvalidValue)),
                "{key} {value}"
            );
        }
        for (key, value) in [
            (AVATAR_URL, json!("mxc://klinikum.test/abc")),
            (ROLE, json!("Oberärztin")),
            ("org.example.languages", json!(["de", "tr"])),
        ] {
            assert!(after(&json!({}), key, Some(&value)).is_ok(), "{key} {value}");
        }
    }

    #[test]
    fn field_names_follow_the_grammar() {
        for key in ["", "A", "1a", ".a", "a b", "a/b", "ä", "a\0"] {
            assert!(matches!(check_key(key), Err(SetError::InvalidKey)), "{key:?}");
        }
        assert!(matches!(check_key(&"a".repeat(256)), Err(SetError::KeyTooLarge)));
        assert!(check_key("org.example.pronouns").is_ok());
    }

    #[test]
    fn nobody_sets_what_the_hospital_sets_nor_what_is_anothers() {
        let anna = user_id!("@anna:klinikum.test");
        let session = Session {
            user: UserNid(1),
            user_id: anna.to_owned(),
            device: base::DeviceNid(1),
            device_id: device_id!("D").to_owned(),
            appservice: None,
            suspended: false,
        };
        assert!(check_owner(&session, anna, DISPLAYNAME).is_ok());
        for key in [ROLE, DEPARTMENT, PHONE, "de.konsil.anything"] {
            assert!(matches!(check_owner(&session, anna, key), Err(SetError::Reserved)), "{key}");
        }
        let jonas = user_id!("@jonas:klinikum.test");
        assert!(matches!(check_owner(&session, jonas, DISPLAYNAME), Err(SetError::NotYours)));
    }
}
