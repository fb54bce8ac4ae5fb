//! Which version of the hospital's privacy notice was shown to whom (I.a). It is kept with the account, so that every device knows.

use ruma::serde::Raw;
use serde::{Deserialize, Serialize};
use serde_json::value::to_raw_value;

use crate::{Session, trouble::Trouble};

const TYPE: &str = "de.konsil.privacy_notice";

#[derive(Serialize, Deserialize)]
struct Shown {
    version: String,
    /// When, in milliseconds since 1970.
    shown_ts: u64,
}

impl Session {
    /// The version of the privacy notice that was shown last, as the server has it; `None` if none was.
    ///
    /// # Errors
    /// A code for the support desk: without the server nobody knows.
    pub async fn shown_notice(&self) -> Result<Option<String>, String> {
        let account = self.inner.core.client.account();
        let found = account.fetch_account_data(TYPE.into()).await;
        let found = found.map_err(|error| Trouble::of(&error).code())?;
        // What cannot be read was written by somebody else: it is shown once more.
        Ok(found
            .and_then(|found| found.deserialize_as_unchecked::<Shown>().ok())
            .map(|it| it.version))
    }

    /// Records that this version of the privacy notice was shown now. Nothing is agreed to by it.
    ///
    /// # Errors
    /// A code for the support desk; then it is shown again at the next start.
    pub async fn notice_was_shown(&self, version: &str, now_ms: u64) -> Result<(), String> {
        let shown = Shown { version: version.to_owned(), shown_ts: now_ms };
        let content = Raw::from_json(to_raw_value(&shown).expect("plain data"));
        let written =
            self.inner.core.client.account().set_account_data_raw(TYPE.into(), content).await;
        written.map(drop).map_err(|error| Trouble::of(&error).code())
    }
}
