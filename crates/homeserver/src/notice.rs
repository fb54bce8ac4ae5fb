//! The privacy notice (I.a): how the hospital processes personal data, generated from what it has really switched on.
//!
//! What Art. 13 GDPR asks for, in the hospital's words where it has given some (`privacy` of the configuration) and in true words about
//! the software everywhere else. A change of any setting that the notice speaks of makes a new version of it.

mod words;

use base::Timestamp;
use db::{Batch, params};
use serde::Serialize;
use sha2::{Digest, Sha256};
use store::accounts as rows;

use crate::{Policy, appservices::Appservices};

/// Where version and date of the notice are kept.
const SETTING: &str = "privacy_notice";

/// What only the hospital knows.
#[derive(Clone, Debug, Default)]
pub struct Privacy {
    /// Name and address of who is responsible (Art. 13(1)(a)).
    pub controller: String,
    /// How the data protection officer is reached (Art. 13(1)(b)).
    pub officer: String,
    /// The supervisory authority for complaints (Art. 13(2)(d)).
    pub authority: String,
    /// The legal basis, if it is another than usual.
    pub legal_basis: Both,
    /// Who processes data for the hospital (Art. 28).
    pub processors: Vec<Processor>,
    /// Anything else.
    pub more: Both,
}

/// A text in both languages. One that is empty is taken from the other.
#[derive(Clone, Debug, Default)]
pub struct Both {
    pub de: String,
    pub en: String,
}

/// Who processes data for the hospital.
#[derive(Clone, Debug, Default)]
pub struct Processor {
    pub name: String,
    pub purpose: String,
    pub place: String,
}

/// A language of the notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lang {
    De,
    En,
}

impl Lang {
    /// The language for a tag such as `en-GB`; German unless English is asked for.
    pub fn for_tag(tag: &str) -> Self {
        if tag.to_ascii_lowercase().starts_with("en") { Self::En } else { Self::De }
    }

    /// The tag for `<html lang>`.
    pub fn tag(self) -> &'static str {
        match self {
            Self::De => "de",
            Self::En => "en",
        }
    }
}

impl Both {
    fn of(&self, lang: Lang) -> Option<&str> {
        let (own, other) = match lang {
            Lang::De => (&self.de, &self.en),
            Lang::En => (&self.en, &self.de),
        };
        [own, other].into_iter().map(|text| text.trim()).find(|text| !text.is_empty())
    }
}

/// The notice in one language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Text {
    /// Its title.
    pub title: String,
    /// Its parts in order.
    pub sections: Vec<Section>,
}

/// A part of the notice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Section {
    /// What it is about.
    pub heading: String,
    /// One paragraph each.
    pub paragraphs: Vec<String>,
}

/// The notice as it holds now.
#[derive(Clone, Debug)]
pub struct Notice {
    /// Twelve digits that any change of the text changes.
    pub version: String,
    /// Since when this version holds.
    pub since: Timestamp,
    de: Text,
    en: Text,
}

impl Notice {
    /// The text in this language.
    pub fn text(&self, lang: Lang) -> &Text {
        match lang {
            Lang::De => &self.de,
            Lang::En => &self.en,
        }
    }

    /// The day since which this version holds (UTC), for people.
    pub fn day(&self, lang: Lang) -> String {
        let form = match lang {
            Lang::De => "%-d.%-m.%Y",
            Lang::En => "%Y-%m-%d",
        };
        let since = i64::from(self.since);
        let since = jiff::Timestamp::from_millisecond(since).unwrap_or_default();
        since.strftime(form).to_string()
    }

    /// Writes the notice from the settings of a hospital; a version that the database does not know holds from `now` on.
    ///
    /// # Errors
    /// The database's, when the version cannot be read or kept.
    pub(crate) async fn of(
        policy: &Policy,
        appservices: &Appservices,
        db: &db::Db,
        now: Timestamp,
    ) -> Result<Self, crate::setup::SetupError> {
        let bots: Vec<&str> = appservices.iter().map(|service| service.id.as_str()).collect();
        let text = |lang| words::write(policy, &bots, lang);
        let (de, en) = (text(Lang::De), text(Lang::En));
        let version = version(&de, &en);
        let known = rows::setting(db, SETTING).await?;
        let known =
            known.as_deref().and_then(|known| std::str::from_utf8(known).ok()?.split_once(' '));
        let since =
            known.and_then(|(known, since)| (known == version).then_some(since)?.parse().ok());
        let since = match since {
            Some(since) => Timestamp(since),
            None => {
                let mut batch = Batch::new();
                let value = format!("{version} {}", now.0);
                batch.exec(&rows::SET_SETTING, params![SETTING, value.as_bytes()]);
                db.commit(batch).await?;
                now
            }
        };
        Ok(Self { version, since, de, en })
    }
}

fn version(de: &Text, en: &Text) -> String {
    let text = serde_json::to_vec(&(de, en)).unwrap_or_default();
    Sha256::digest(text).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::push::Hosts;

    fn all_of(policy: &Policy, lang: Lang) -> String {
        serde_json::to_string(&words::write(policy, &[], lang)).unwrap()
    }

    fn version_of(policy: &Policy) -> String {
        version(&words::write(policy, &[], Lang::De), &words::write(policy, &[], Lang::En))
    }

    #[test]
    fn every_setting_that_it_speaks_of_makes_a_new_version() {
        let strict = Policy { display_name: "Klinikum Musterstadt".into(), ..Policy::default() };
        let mut versions = vec![version_of(&strict)];
        assert_eq!(version_of(&strict.clone()), versions[0], "the same settings, the same notice");
        let changes: [fn(&mut Policy); 18] = [
            |policy| policy.writing_aids = true,
            |policy| policy.crash_report_days = Some(30),
            |policy| policy.require_encryption = false,
            |policy| policy.allow_clear_reactions = true,
            |policy| policy.presence = true,
            |policy| policy.save_to_device = true,
            |policy| policy.text_days = 1,
            |policy| policy.retention.message_days = Some(90),
            |policy| policy.retention.message_days = None,
            |policy| policy.retention.media_days = Some(1),
            |policy| policy.retention.media_days = None,
            |policy| policy.registration_open = true,
            |policy| policy.list_without_login = true,
            |policy| policy.push.web_push = Hosts::new(["push.example".to_owned()]),
            |policy| policy.push.gateways = Hosts::new(["gateway.example".to_owned()]),
            |policy| policy.privacy.officer = "dsb@klinikum.example".into(),
            |policy| {
                policy
                    .privacy
                    .processors
                    .push(Processor { name: "Rechenzentrum".into(), ..Processor::default() })
            },
            |policy| policy.privacy.more.de = "Fragen an die Station 3.".into(),
        ];
        for change in changes {
            let mut policy = strict.clone();
            change(&mut policy);
            versions.push(version_of(&policy));
        }
        let count = versions.len();
        versions.sort();
        versions.dedup();
        assert_eq!(versions.len(), count);
    }

    #[test]
    fn the_day_is_written_as_people_write_it() {
        let empty = Text { title: String::new(), sections: Vec::new() };
        let since = Timestamp(1_795_737_600_000);
        let notice = Notice { version: String::new(), since, de: empty.clone(), en: empty };
        assert_eq!(notice.day(Lang::De), "27.11.2026");
        assert_eq!(notice.day(Lang::En), "2026-11-27");
    }

    #[test]
    fn both_languages_have_the_same_parts_and_say_what_the_hospital_said() {
        let mut policy =
            Policy { display_name: "Klinikum Musterstadt".into(), ..Policy::default() };
        policy.privacy.officer = "dsb@klinikum.example".into();
        policy.privacy.more.de = "Nur auf Deutsch gesagt.".into();
        let (de, en) = (words::write(&policy, &[], Lang::De), words::write(&policy, &[], Lang::En));
        assert_eq!(de.sections.len(), en.sections.len());
        for lang in [Lang::De, Lang::En] {
            let text = all_of(&policy, lang);
            for said in ["Klinikum Musterstadt", "dsb@klinikum.example", "Nur auf Deutsch gesagt."]
            {
                assert!(text.contains(said), "{said}");
            }
        }
        assert!(de.sections.iter().zip(&en.sections).all(|(de, en)| {
            de.paragraphs.len() == en.paragraphs.len() && de.heading != en.heading
        }));
    }
}
