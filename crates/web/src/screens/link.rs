//! Signing in one device by another (J.1): the new one shows a code, the one that is signed in reads it.

mod grant;
mod reader;
mod show_code;

pub use grant::{LinkDevice, Linking};
pub use reader::{CodeReader, code_in};
pub use show_code::{ByOtherDevice, ShowCode};

use client::link::LinkError;

use super::sign_in::login_words;
use crate::i18n::Lang;

fn link_words(error: &LinkError, lang: Lang) -> String {
    match error {
        LinkError::NoCode => lang.link_wrong().into(),
        LinkError::Ended => lang.link_ended().into(),
        LinkError::WrongDigits => lang.link_wrong_digits().into(),
        LinkError::WrongPassword => lang.link_wrong_password().into(),
        LinkError::TooManyTries => lang.link_too_many().into(),
        LinkError::NotConfirmedHere => lang.link_not_confirmed().into(),
        LinkError::NoConnection => lang.sign_in_unreachable().into(),
        LinkError::SignIn(error) => login_words(error, lang),
        LinkError::Failed(code) => lang.failed_with(code),
    }
}
