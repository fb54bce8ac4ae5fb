//! Room keys as a file, in the format that Matrix clients exchange (client-server API, "Key exports"): what another client
//! could read becomes readable here, and the other way round.

use std::io::Cursor;

use matrix_sdk_base::crypto::{
    KeyExportError, decrypt_room_key_export, encrypt_room_key_export, olm::ExportedRoomKey,
};

use super::{Trust, back_up_soon};

/// The largest file that is read, in bytes: some hundred thousand keys.
pub const MAX_KEY_FILE_BYTES: usize = 64 * 1024 * 1024;

/// How often the passphrase is hashed for a new file (PBKDF2 with SHA-512), which is what other clients take.
const ROUNDS: u32 = 500_000;

/// More would keep the app busy for minutes. The number stands in the file, and whoever made it may be anybody.
const MOST_ROUNDS: u32 = 10_000_000;

/// The shortest passphrase of a new file, in characters: the file is read by whoever gets hold of it, as often as they like.
pub const LEAST_PASSPHRASE: usize = 12;

/// What a file has brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeysImported {
    /// Keys that this device did not have, or had in a worse form.
    pub new: usize,
    /// All keys in the file.
    pub all: usize,
}

/// Why a file with keys could not be read or made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyFileError {
    /// It is no such file, or is damaged.
    NotAKeyFile,
    /// The passphrase is another one, or the file was changed.
    WrongPassphrase,
    /// It is too large, or wants its passphrase to be hashed too often.
    TooLarge,
    /// The passphrase for a new file is shorter than [`LEAST_PASSPHRASE`].
    TooShort,
    /// Anything else, as a code without content.
    Failed(String),
}

impl Trust {
    /// Reads a file of another client. Messages that could not be read are read again by themselves. Takes seconds in which the app does nothing else;
    /// `progress` hears how many keys of how many are stored.
    ///
    /// # Errors
    /// See [`KeyFileError`]; a file is taken as a whole or not at all.
    pub async fn import_room_keys(
        &self,
        file: &[u8],
        passphrase: &str,
        progress: impl Fn(usize, usize),
    ) -> Result<KeysImported, KeyFileError> {
        check(file)?;
        let keys = decrypt_room_key_export(Cursor::new(file), passphrase).map_err(of)?;
        self.take_room_keys(keys, progress).await.map_err(failed)
    }

    /// All room keys of this device as a file, closed with a passphrase.
    ///
    /// # Errors
    /// [`KeyFileError::TooShort`] and [`KeyFileError::Failed`].
    pub async fn export_room_keys(&self, passphrase: &str) -> Result<String, KeyFileError> {
        if passphrase.chars().count() < LEAST_PASSPHRASE {
            return Err(KeyFileError::TooShort);
        }
        let keys = self.room_keys().await.map_err(failed)?;
        encrypt_room_key_export(&keys, passphrase, ROUNDS).map_err(|_| failed("export"))
    }

    /// All room keys of this device, in clear. The error is a code.
    pub(crate) async fn room_keys(&self) -> Result<Vec<ExportedRoomKey>, &'static str> {
        let machine = self.session.inner.core.base.olm_machine().await;
        let store = machine.as_ref().ok_or("no keys")?.store();
        store.export_room_keys(|_| true).await.map_err(|_| "store")
    }

    /// Stores keys from elsewhere, and has them backed up. Messages that could not be read are read again by themselves. The error is a code.
    pub(crate) async fn take_room_keys(
        &self,
        keys: Vec<ExportedRoomKey>,
        progress: impl Fn(usize, usize),
    ) -> Result<KeysImported, &'static str> {
        let core = &self.session.inner.core;
        let machine = core.base.olm_machine().await;
        let store = machine.as_ref().ok_or("no keys")?.store();
        let taken = store.import_exported_room_keys(keys, progress).await.map_err(|_| "store")?;
        back_up_soon(core);
        Ok(KeysImported { new: taken.imported_count, all: taken.total_count })
    }
}

fn failed(code: &str) -> KeyFileError {
    KeyFileError::Failed(code.into())
}

fn of(error: KeyExportError) -> KeyFileError {
    match error {
        KeyExportError::InvalidMac => KeyFileError::WrongPassphrase,
        _ => KeyFileError::NotAKeyFile,
    }
}

/// Looks at the parts that are read before the passphrase proves anything.
fn check(file: &[u8]) -> Result<(), KeyFileError> {
    /// Version, salt, initialization vector.
    const BEFORE_ROUNDS: usize = 1 + 16 + 16;
    /// And the number of rounds and the authentication code.
    const LEAST: usize = BEFORE_ROUNDS + 4 + 32;
    if file.len() > MAX_KEY_FILE_BYTES {
        return Err(KeyFileError::TooLarge);
    }
    let text = std::str::from_utf8(file).map_err(|_| KeyFileError::NotAKeyFile)?;
    let payload: String = text.lines().filter(|line| !line.starts_with("-----")).collect();
    let bytes = ruma::serde::Base64::<ruma::serde::base64::Standard>::parse(payload.trim())
        .map_err(|_| KeyFileError::NotAKeyFile)?;
    let bytes = bytes.as_bytes();
    if bytes.len() < LEAST {
        return Err(KeyFileError::NotAKeyFile);
    }
    let rounds = bytes[BEFORE_ROUNDS..BEFORE_ROUNDS + 4].try_into().expect("four bytes");
    match u32::from_be_bytes(rounds) {
        0 => Err(KeyFileError::NotAKeyFile),
        rounds if rounds > MOST_ROUNDS => Err(KeyFileError::TooLarge),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(payload: &[u8]) -> Vec<u8> {
        let base64: ruma::serde::Base64 = ruma::serde::Base64::new(payload.to_vec());
        format!(
            "-----BEGIN MEGOLM SESSION DATA-----\n{base64}\n-----END MEGOLM SESSION DATA-----\n"
        )
        .into_bytes()
    }

    fn with_rounds(rounds: u32) -> Vec<u8> {
        let mut payload = vec![1; 33];
        payload.extend(rounds.to_be_bytes());
        payload.extend([0; 40]);
        file(&payload)
    }

    #[test]
    fn what_would_hang_or_break_the_app_is_refused_before_it_is_read() {
        assert_eq!(check(&with_rounds(500_000)), Ok(()));
        assert_eq!(check(&with_rounds(u32::MAX)), Err(KeyFileError::TooLarge));
        assert_eq!(check(&with_rounds(0)), Err(KeyFileError::NotAKeyFile));
        for length in 0..69 {
            assert_eq!(check(&file(&vec![1; length])), Err(KeyFileError::NotAKeyFile), "{length}");
        }
        for other in [&b""[..], b"PK\x03\x04", b"{\"rooms\":{}}", &[0xFF; 200]] {
            assert_eq!(check(other), Err(KeyFileError::NotAKeyFile));
        }
        assert_eq!(check(&vec![b'A'; MAX_KEY_FILE_BYTES + 1]), Err(KeyFileError::TooLarge));
    }
}
