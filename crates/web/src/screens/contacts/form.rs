//! Writing a contact by hand.

use client::{
    PersonId,
    contacts::{Contact, MAX_LINE, MAX_NOTE, MAX_NUMBERS, Phone, PhoneKind, code},
};
use leptos::{html, prelude::*, task::spawn_local};

use crate::{
    context::{Desk, Frame, lang},
    platform,
    screens::directory::PaneHead,
    ui::{Icon, Picture, Problem},
};

/// A field of a list that grows, with a key of its own.
#[derive(Clone, Copy, PartialEq)]
struct Slot {
    key: usize,
    kind: RwSignal<PhoneKind>,
    text: RwSignal<String>,
}

impl Slot {
    fn new(key: usize, kind: PhoneKind, text: &str) -> Self {
        Self { key, kind: RwSignal::new(kind), text: RwSignal::new(text.to_owned()) }
    }
}

/// The form. `on_saved` hears the contact's key.
#[component]
pub fn ContactForm(
    seen: Contact,
    on_close: Callback<()>,
    on_saved: Callback<String>,
) -> impl IntoView {
    let lang = lang();
    let desk = Desk::get();
    Frame::get().nav.cover(move || on_close.run(()));
    let is_new = seen.id.is_empty();
    let name = RwSignal::new(seen.name.clone());
    let role = RwSignal::new(seen.role.clone());
    let department = RwSignal::new(seen.department.clone());
    let hospital = RwSignal::new(seen.hospital.clone());
    let address = RwSignal::new(seen.matrix.as_ref().map(ToString::to_string).unwrap_or_default());
    let note = RwSignal::new(seen.note.clone());
    let slots = |texts: Vec<(PhoneKind, String)>| {
        let mut texts = texts;
        if texts.is_empty() {
            texts.push((PhoneKind::Work, String::new()));
        }
        let slots = texts.iter().enumerate();
        RwSignal::new(
            slots.map(|(key, (kind, text))| Slot::new(key, *kind, text)).collect::<Vec<_>>(),
        )
    };
    let phones = slots(seen.phones.iter().map(|it| (it.kind, it.number.clone())).collect());
    let mails = slots(seen.mails.iter().map(|it| (PhoneKind::Work, it.clone())).collect());
    let problem = RwSignal::new(None::<String>);
    let busy = RwSignal::new(false);
    let seen = StoredValue::new(seen);
    let save = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        let typed = address.get_untracked();
        let matrix = match typed.trim() {
            "" => None,
            // A link is as good; what is neither is told of when it is kept.
            typed => Some(code::person_in(typed).unwrap_or_else(|| PersonId::new(typed))),
        };
        let all = |slots: RwSignal<Vec<Slot>>| slots.get_untracked().into_iter();
        let phone = |slot: Slot| Phone {
            kind: slot.kind.get_untracked(),
            number: slot.text.get_untracked(),
        };
        let new = Contact {
            name: name.get_untracked(),
            role: role.get_untracked(),
            department: department.get_untracked(),
            hospital: hospital.get_untracked(),
            phones: all(phones).map(phone).collect(),
            mails: all(mails).map(|slot| slot.text.get_untracked()).collect(),
            matrix,
            note: note.get_untracked(),
            ..seen.get_value()
        };
        busy.set(true);
        problem.set(None);
        let contacts = desk.session().contacts();
        spawn_local(async move {
            let kept = contacts.keep(&seen.get_value(), &new).await;
            busy.try_set(false);
            match kept {
                Ok(id) => drop(on_saved.try_run(id)),
                Err(error) => drop(problem.try_set(Some(lang.contact_problem(error).into()))),
            }
        });
    };
    let title = if is_new { lang.contact_new() } else { lang.contact_edit() };
    view! {
        <section class="pane" aria-label=title data-testid="contact-form">
            <PaneHead title on_back=on_close/>
            <form class="pane-form" on:submit=save novalidate>
                <div class="scroll">
                    <Line id="contact-name" label=lang.contact_name() hint=lang.contact_name_hint() text=name focused=is_new/>
                    <Line id="contact-role" label=lang.contact_role() text=role/>
                    <Line id="contact-department" label=lang.contact_department() text=department/>
                    <Line id="contact-hospital" label=lang.contact_hospital() text=hospital/>
                    <fieldset class="field">
                        <legend class="label">{lang.contact_phones()}</legend>
                        <For each=move || phones.get() key=|slot| slot.key children=move |line| view! { <Number line all=phones/> }/>
                        <Add slots=phones label=lang.contact_number_add() testid="contact-number-add"/>
                    </fieldset>
                    <fieldset class="field">
                        <legend class="label">{lang.contact_mail()}</legend>
                        <For each=move || mails.get() key=|slot| slot.key children=move |line| view! { <Mail line all=mails/> }/>
                        <Add slots=mails label=lang.contact_mail_add() testid="contact-mail-add"/>
                    </fieldset>
                    <Line id="contact-address" label=lang.contact_address() hint=lang.contact_address_hint() text=address/>
                    <div class="field">
                        <label for="contact-note">{lang.contact_note()}</label>
                        <textarea
                            id="contact-note"
                            class="input"
                            rows="3"
                            autocomplete="off"
                            maxlength=MAX_NOTE.to_string()
                            placeholder=lang.contact_note_hint()
                            data-testid="contact-note"
                            prop:value=move || note.get()
                            on:input=move |event| note.set(event_target_value(&event))
                        ></textarea>
                    </div>
                </div>
                <Problem text=problem testid="contact-problem"/>
                <div class="pane-foot">
                    <button type="submit" class="button primary wide" data-testid="contact-save">{lang.contact_save()}</button>
                </div>
            </form>
        </section>
    }
}

#[component]
fn Line(
    id: &'static str,
    label: &'static str,
    #[prop(optional)] hint: &'static str,
    text: RwSignal<String>,
    #[prop(optional)] focused: bool,
) -> impl IntoView {
    let input = NodeRef::<html::Input>::new();
    if focused && platform::has_keyboard() {
        input.on_load(|input| {
            let _ = input.focus();
        });
    }
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <input
                node_ref=input
                id=id
                class="input"
                data-testid=id
                maxlength=MAX_LINE.to_string()
                autocomplete="off"
                placeholder=hint
                prop:value=move || text.get()
                on:input=move |event| text.set(event_target_value(&event))
            />
        </div>
    }
}

#[component]
fn Number(line: Slot, all: RwSignal<Vec<Slot>>) -> impl IntoView {
    let lang = lang();
    let Slot { kind, text, .. } = line;
    view! {
        <div class="number" data-testid="contact-number">
            <select
                class="input"
                aria-label=lang.contact_number_kind()
                data-testid="contact-number-kind"
                on:change=move |event| kind.set(PhoneKind::named(&event_target_value(&event)))
            >
                {PhoneKind::ALL
                    .into_iter()
                    .map(|it| {
                        view! { <option value=it.name() selected=kind.get_untracked() == it>{lang.phone_kind(it)}</option> }
                    })
                    .collect_view()}
            </select>
            <input
                class="input"
                type="tel"
                aria-label=lang.contact_number()
                data-testid="contact-number-text"
                maxlength=MAX_LINE.to_string()
                autocomplete="off"
                prop:value=move || text.get()
                on:input=move |event| text.set(event_target_value(&event))
            />
            <Remove line all/>
        </div>
    }
}

#[component]
fn Mail(line: Slot, all: RwSignal<Vec<Slot>>) -> impl IntoView {
    let lang = lang();
    let text = line.text;
    view! {
        <div class="number alone">
            <input
                class="input"
                type="email"
                aria-label=lang.contact_mail()
                data-testid="contact-mail-text"
                maxlength=MAX_LINE.to_string()
                autocomplete="off"
                prop:value=move || text.get()
                on:input=move |event| text.set(event_target_value(&event))
            />
            <Remove line all/>
        </div>
    }
}

#[component]
fn Remove(line: Slot, all: RwSignal<Vec<Slot>>) -> impl IntoView {
    let lang = lang();
    let label = move || format!("{}: {}", lang.remove(), line.text.get());
    view! {
        <button type="button" class="icon-button" aria-label=label on:click=move |_| all.update(|all| all.retain(|other| other.key != line.key))>
            <Picture icon=Icon::Close class="small"/>
        </button>
    }
}

#[component]
fn Add(slots: RwSignal<Vec<Slot>>, label: &'static str, testid: &'static str) -> impl IntoView {
    let owner = StoredValue::new(Owner::current());
    let add = move |_| {
        // What is typed into it lives as long as the form, not as the click.
        let slot = |key: usize| {
            owner.with_value(|owner| {
                let new = || Slot::new(key, PhoneKind::Work, "");
                owner.as_ref().map(|owner| owner.with(new))
            })
        };
        let next = slots.with_untracked(|slots| slots.iter().map(|slot| slot.key).max());
        if let Some(slot) = slot(next.map_or(0, |key| key + 1)) {
            slots.update(|slots| slots.push(slot));
        }
    };
    let is_full = move || slots.with(Vec::len) >= MAX_NUMBERS;
    view! {
        <div hidden=is_full>
            <button type="button" class="button plain" data-testid=testid on:click=add>
                <Picture icon=Icon::Plus class="small"/>
                {label}
            </button>
        </div>
    }
}
