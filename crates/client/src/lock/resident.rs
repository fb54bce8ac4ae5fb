//! Who has a store on this device, as far as that is known while it is closed.

use crate::{
    session::{RestoreError, Session, Settings},
    vault::{self, Kept},
};

/// Somebody who has a store of their own on this device, as far as that is known before it is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resident {
    /// Their name, where the hospital has a locked app show it.
    pub name: Option<String>,
    /// A number from 0 to 7 for the avatar's colour.
    pub tint: u8,
    user_id: String,
}

impl Resident {
    /// Whether what was typed at the sign-in means them.
    pub fn is(&self, typed: &str) -> bool {
        crate::people::is_same(&self.user_id, typed)
    }

    /// One or two letters for the avatar.
    pub fn initials(&self) -> Option<String> {
        self.name.as_deref().map(crate::people::initials)
    }
}

impl Session {
    /// Who has the store of these settings, if anybody. Opens and changes nothing.
    pub async fn resident(settings: &Settings) -> Result<Option<Resident>, RestoreError> {
        let kept = vault::read(&settings.store).await;
        let kept = kept.map_err(|error| RestoreError::Store(error.to_string()))?;
        Ok(kept.map(|kept| {
            let (user_id, name) = match kept {
                Kept::Locked(locked) => (locked.header.user_id, locked.header.person),
                Kept::Unprotected(secrets) => (secrets.user_id, None),
            };
            Resident { name, tint: crate::people::tint(&user_id), user_id }
        }))
    }
}
