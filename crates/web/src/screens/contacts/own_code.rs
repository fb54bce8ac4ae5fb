//! One's own QR code, for others to take one into their contacts.

use client::contacts::code;
use leptos::{prelude::*, task::spawn_local};

use crate::{
    context::{Desk, Frame, lang},
    qr::{self, Drawing},
    ui::{AvatarSize, Icon, Picture, Sheet},
};

/// The sheet with the code, and who it is beside it.
#[component]
pub fn OwnCode(on_close: Callback<()>) -> impl IntoView {
    let lang = lang();
    let frame = Frame::get();
    let me = Desk::get().me.get_untracked().person;
    let address = code::own(&me.id).unwrap_or_default();
    let copied = address.clone();
    let copy = move |_| {
        let promise = window().navigator().clipboard().write_text(&copied);
        spawn_local(async move {
            let done = wasm_bindgen_futures::JsFuture::from(promise).await.is_ok();
            frame.say(if done { lang.copied() } else { lang.action_failed() });
        });
    };
    view! {
        <Sheet title=lang.own_code() on_close testid="own-code">
            <div class="body contact-code">
                <div class="contact-me">
                    {AvatarSize::Normal.of(&me)}
                    <span class="grow">
                        <b data-testid="own-code-name">{me.name.clone()}</b>
                        <span class="note">{me.position()}</span>
                    </span>
                </div>
                {qr::draw(&address)
                    .map(|Drawing { side, path }| {
                        view! {
                            <div class="qr">
                                <svg
                                    viewBox=format!("0 0 {side} {side}")
                                    role="img"
                                    aria-label=lang.own_code_label()
                                    shape-rendering="crispEdges"
                                    data-testid="own-code-qr"
                                    data-address=address.clone()
                                >
                                    <path d=path/>
                                </svg>
                            </div>
                        }
                    })}
                <p class="note centred" translate="no">{me.id.to_string()}</p>
                <p class="note">{lang.own_code_hint()}</p>
            </div>
            <div class="buttons">
                <button type="button" class="button outline" data-testid="own-code-copy" on:click=copy>
                    <Picture icon=Icon::Copy class="small"/>
                    {lang.own_code_copy()}
                </button>
            </div>
        </Sheet>
    }
}
