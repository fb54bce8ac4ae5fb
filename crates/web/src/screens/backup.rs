//! The personal backup: making one, and taking one over (I.l).

mod make;
mod take;

pub use make::MakeBackup;
pub use take::TakeBackup;

use client::backup::BackupError;

use crate::i18n::Lang;

fn words(error: &BackupError, lang: Lang) -> String {
    match error {
        BackupError::NoConnection => lang.backup_offline().into(),
        BackupError::NotConfirmed => lang.backup_not_confirmed().into(),
        BackupError::KeyNeeded => lang.backup_key_renewed().into(),
        BackupError::WrongKey => lang.recovery_wrong().into(),
        BackupError::MalformedKey => lang.recovery_malformed().into(),
        BackupError::NotABackup => lang.backup_other_file().into(),
        BackupError::Damaged => lang.backup_damaged().into(),
        BackupError::TooLarge => lang.backup_too_large().into(),
        BackupError::NotWritten => lang.save_failed().into(),
        BackupError::Failed(code) => lang.failed_with(code),
    }
}
