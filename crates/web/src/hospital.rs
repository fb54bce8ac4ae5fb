//! What the server tells everybody about the hospital, kept on the device for when the server cannot be reached.

use js_sys::JSON;
use leptos::prelude::document;
use vocabulary::app::AppVersion;
use wasm_bindgen::JsValue;

use crate::{
    by_name::get,
    platform::{self, list_in, text_in},
};

/// Under which name it is kept.
const KEPT: &str = "hospital";

/// Somebody to call when nothing else works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmergencyNumber {
    /// Who answers.
    pub name: String,
    /// As it is dialled in house.
    pub phone: String,
}

/// Nothing of it is secret: the server tells it without login.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hospital {
    /// Its name as people know it.
    pub name: Option<String>,
    /// Whom to call when the network is down.
    pub emergency_numbers: Vec<EmergencyNumber>,
    /// The lowest version of the app that it takes.
    pub minimum_app_version: Option<AppVersion>,
    /// Whether it takes reports of crashes.
    pub crash_reports: bool,
    /// Whether the browser may check what is written and suggest words, which some do by asking their makers.
    pub writing_aids: bool,
}

/// Where the hospital's IT is written to, if it has said so.
pub async fn support() -> Option<String> {
    let found = platform::data("/.well-known/matrix/support").await?;
    let contacts = list_in(&found, "contacts");
    let mail = contacts.iter().find_map(|contact| text_in(contact, "email_address"));
    mail.map(|mail| format!("mailto:{mail}")).or_else(|| text_in(&found, "support_page"))
}

impl Hospital {
    /// As the server told it last on this device.
    pub fn kept() -> Self {
        let kept = platform::preference(KEPT).and_then(|kept| JSON::parse(&kept).ok());
        kept.as_ref().map(Self::read).unwrap_or_default()
    }

    /// As the server tells it now; `None` if it does not.
    pub async fn ask() -> Option<Self> {
        let told = platform::data("/_konsil/hospital").await?;
        let kept = JSON::stringify(&told).ok().and_then(|told| told.as_string());
        platform::keep_preference(KEPT, kept.as_deref());
        let told = Self::read(&told);
        told.allow_writing_aids();
        Some(told)
    }

    /// Has the browser's help with writing as the hospital wants it, for the whole page: what a field says of itself comes first, and no field allows
    /// more (HTML, "Spelling and grammar checking", "Writing suggestions"). The page begins without.
    pub fn allow_writing_aids(&self) {
        let Some(page) = document().document_element() else { return };
        for attribute in ["spellcheck", "writingsuggestions"] {
            let _ = page.set_attribute(attribute, if self.writing_aids { "true" } else { "false" });
        }
    }

    fn read(told: &JsValue) -> Self {
        let numbers = list_in(told, "emergency_numbers");
        let number = |number: &JsValue| {
            let (name, phone) = (text_in(number, "name")?, text_in(number, "phone")?);
            Some(EmergencyNumber { name, phone })
        };
        Self {
            name: text_in(told, "name").filter(|name| !name.is_empty()),
            emergency_numbers: numbers.iter().filter_map(number).collect(),
            crash_reports: get(told, "crash_reports") == JsValue::TRUE,
            writing_aids: get(told, "writing_aids") == JsValue::TRUE,
            minimum_app_version: text_in(told, "minimum_app_version")
                .and_then(|version| version.parse().ok()),
        }
    }
}
