//! Who will never read what is written now.

use leptos::prelude::*;

use super::Open;
use crate::{
    context::lang,
    ui::{Icon, Picture},
};

/// Says above the composer who has no device yet: it is better to telephone than to believe that they will read it.
#[component]
pub fn BeyondReach() -> impl IntoView {
    let lang = lang();
    let open = Open::get();
    let names = Memo::new(move |_| {
        open.header.with(|header| {
            header.beyond_reach().map(|person| person.name.clone()).collect::<Vec<_>>()
        })
    });
    move || {
        names.with(|names| {
            (!names.is_empty()).then(|| {
                view! {
                    <p class="beyond-reach" role="status" data-testid="beyond-reach">
                        <Picture icon=Icon::Warning class="small"/>
                        <span>{lang.beyond_reach(names)}</span>
                    </p>
                }
            })
        })
    }
}
