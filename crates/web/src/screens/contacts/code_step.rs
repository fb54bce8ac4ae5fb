//! Reading a person's QR code: by the camera, from a picture, or pasted as a link.

use client::{
    PersonId,
    contacts::{
        code::{self, Code},
        import::Reading,
    },
};
use leptos::{html, prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;

use crate::{
    context::{Desk, lang},
    screens::link::{CodeReader, code_in},
    ui::{Icon, Picture, Problem},
};

/// Hands out the person or the cards that a code names, and says in words what else a code is.
#[component]
pub fn CodeStep(on_person: Callback<PersonId>, on_cards: Callback<Reading>) -> impl IntoView {
    let lang = lang();
    let field = NodeRef::<html::Input>::new();
    let problem = RwSignal::new(None::<String>);
    let without_camera = RwSignal::new(false);
    let me = Desk::get().me.get_untracked().person.id;
    let found = Callback::new(move |text: String| {
        let words = match code::read(&text) {
            Code::Person(person) if person == me => lang.code_own(),
            Code::Person(person) => return on_person.run(person),
            Code::Card(reading) => return on_cards.run(reading),
            Code::Device => lang.code_device(),
            Code::Other => lang.code_other(),
        };
        problem.set(Some(words.into()));
    });
    let picture = move |event: web_sys::Event| {
        let input = event.target().and_then(|it| it.dyn_into::<web_sys::HtmlInputElement>().ok());
        let Some(input) = input else { return };
        let Some(file) = input.files().and_then(|files| files.get(0)) else { return };
        // The same picture may be chosen again.
        input.set_value("");
        problem.set(None);
        spawn_local(async move {
            match code_in(&file).await {
                Some(text) => drop(found.try_run(text)),
                None => drop(problem.try_set(Some(lang.code_none().into()))),
            }
        });
    };
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        if let Some(field) = field.get_untracked() {
            found.run(field.value());
        }
    };
    view! {
        <form class="pane-form" on:submit=submit novalidate data-testid="code-step">
            <div class="scroll code-step">
                {move || match without_camera.get() {
                    true => view! { <p role="status" data-testid="code-no-camera">{lang.code_no_camera()}</p> }.into_any(),
                    false => {
                        view! {
                            <p>{lang.code_hold()}</p>
                            <div class="finder">
                                <CodeReader on_text=found on_missing=Callback::new(move |()| without_camera.set(true))/>
                            </div>
                        }
                            .into_any()
                    }
                }}
                <Problem text=problem testid="code-problem"/>
                <label class="button outline wide">
                    <Picture icon=Icon::Image class="small"/>
                    {lang.code_picture()}
                    <input type="file" class="sr" accept="image/*" data-testid="code-picture" on:change=picture/>
                </label>
                <div class="field">
                    <label for="code-paste">{lang.code_paste()}</label>
                    <input
                        node_ref=field
                        id="code-paste"
                        class="input"
                        data-testid="code-paste"
                        autocomplete="off"
                        autocapitalize="none"
                        spellcheck="false"
                        prop:writingSuggestions="false"
                        placeholder=lang.code_paste_hint()
                    />
                </div>
            </div>
            <div class="pane-foot">
                <button type="submit" class="button primary wide" data-testid="code-paste-submit">{lang.next()}</button>
            </div>
        </form>
    }
}
