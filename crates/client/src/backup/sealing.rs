//! Closing and opening the file, as [age](https://age-encryption.org/v1) does with a passphrase.
//!
//! The passphrase is the recovery key without blanks. It is random and 256 bits long, so that hashing it (scrypt) need not be slow; the work
//! stays low for the phones' sake.

use std::{
    io::{self, Read, Write},
    iter,
    sync::{Arc, Mutex},
};

use age::{
    DecryptError, Decryptor, Encryptor,
    scrypt::{Identity, Recipient},
    secrecy::SecretString,
    stream::StreamWriter,
};

/// Binary logarithm of scrypt's N for a new file: 16 MiB.
const WORK: u8 = 14;
/// Most that is done for a file, which anybody may have made: 256 MiB.
const MOST_WORK: u8 = 18;

/// What was encrypted and not handed on yet.
#[derive(Clone, Default)]
pub(super) struct Outbox(Arc<Mutex<Vec<u8>>>);

impl Outbox {
    /// Takes it out.
    pub fn taken(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().expect("no panic while held"))
    }
}

impl Write for Outbox {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic while held").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Why a file is not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closed {
    /// It is none of age's, or not closed with a passphrase.
    Other,
    /// With another passphrase.
    WrongKey,
    /// It was changed or cut off.
    Damaged,
    /// Opening it would take too much memory, or what is in it is too large.
    TooMuch,
}

fn passphrase(key: &str) -> SecretString {
    let key: String = key.chars().filter(|c| !c.is_whitespace()).collect();
    SecretString::from(key)
}

/// Begins a file that this key opens. What is written to it comes out of the outbox.
pub(super) fn seal(key: &str, outbox: Outbox) -> io::Result<StreamWriter<Outbox>> {
    let mut recipient = Recipient::new(passphrase(key));
    recipient.set_work_factor(WORK);
    let recipients = iter::once(&recipient as &dyn age::Recipient);
    Encryptor::with_recipients(recipients).map_err(io::Error::other)?.wrap_output(outbox)
}

/// What is in a file, up to so many bytes.
pub(super) fn open(file: &[u8], key: &str, most: u64) -> Result<Vec<u8>, Closed> {
    let decryptor = Decryptor::new(file).map_err(|_| Closed::Other)?;
    if !decryptor.is_scrypt() {
        return Err(Closed::Other);
    }
    let mut identity = Identity::new(passphrase(key));
    identity.set_max_work_factor(MOST_WORK);
    let stream = decryptor.decrypt(iter::once(&identity as &dyn age::Identity));
    let stream = stream.map_err(|error| match error {
        DecryptError::ExcessiveWork { .. } => Closed::TooMuch,
        DecryptError::DecryptionFailed
        | DecryptError::KeyDecryptionFailed
        | DecryptError::NoMatchingKeys => Closed::WrongKey,
        _ => Closed::Damaged,
    })?;
    let mut content = Vec::new();
    stream.take(most + 1).read_to_end(&mut content).map_err(|_| Closed::Damaged)?;
    if content.len() as u64 > most { Err(Closed::TooMuch) } else { Ok(content) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "EsTc LW2K PGiF wKEA 3As5 g5c4 BXwk qeeJ ZJV8 Q9fu gUMN UE4d";
    const CONTENT: &[u8] = b"Aortenbogen, Frau Kessler";

    fn sealed() -> Vec<u8> {
        let outbox = Outbox::default();
        let mut writer = seal(KEY, outbox.clone()).expect("memory");
        writer.write_all(CONTENT).expect("memory");
        writer.finish().expect("memory");
        outbox.taken()
    }

    #[test]
    fn it_opens_with_its_key_however_that_is_typed_and_with_no_other() {
        let file = sealed();
        assert!(!file.windows(11).any(|bytes| bytes == b"Aortenbogen"));
        let without_blanks = KEY.replace(' ', "");
        for typed in [KEY, &without_blanks, &format!("  {}\n", KEY.replace(' ', "\n"))] {
            assert_eq!(open(&file, typed, 1000).as_deref(), Ok(CONTENT));
        }
        for typed in ["", "EsTc", &KEY.to_lowercase(), &KEY[..KEY.len() - 1]] {
            assert_eq!(open(&file, typed, 1000), Err(Closed::WrongKey), "{typed}");
        }
    }

    #[test]
    fn what_was_changed_or_cut_off_or_is_something_else_is_not_opened() {
        let file = sealed();
        // Not every byte: each try hashes the key.
        for at in (0..file.len()).step_by(9) {
            let mut changed = file.clone();
            changed[at] ^= 1;
            assert!(open(&changed, KEY, 1000).is_err(), "byte {at}");
            assert!(open(&file[..at], KEY, 1000).is_err(), "{at} bytes");
        }
        assert_eq!(open(b"PK\x03\x04", KEY, 1000), Err(Closed::Other));
        assert_eq!(open(&file, KEY, CONTENT.len() as u64 - 1), Err(Closed::TooMuch));
    }
}
