//! Whose app is it: a tile for each person who has a store on this device.

use leptos::{prelude::*, task::spawn_local};

use crate::{
    app::{Phases, change_to, sign_in_another},
    context::{Frame, lang},
    lock,
    residents::{self, Tile},
    ui::{Avatar, AvatarSize, Icon, Picture},
};

/// A tile for each person. The one whose PIN is asked for already is marked.
#[component]
fn Tiles(tiles: Vec<Tile>, here: Option<String>) -> impl IntoView {
    let lang = lang();
    let phases = Phases::get();
    let tile = move |tile: Tile| {
        let picture = match tile.disc() {
            Some((initials, tint)) => {
                view! { <Avatar initials tint size=AvatarSize::Normal/> }.into_any()
            }
            None => view! { <span class="sign" aria-hidden="true">{tile.sign()}</span> }.into_any(),
        };
        let is_here = here.as_ref() == Some(&tile.store);
        let words = tile.words(lang);
        let store = tile.store;
        view! {
            <button
                type="button"
                class="tile"
                data-testid="resident"
                aria-current=is_here.then_some("true")
                on:click=move |_| change_to(phases, store.clone())
            >
                {picture}
                <span>{words}</span>
            </button>
        }
    };
    view! {
        <div class="tiles" data-testid="residents" role="group" aria-label=lang.whose_app()>{tiles.into_iter().map(tile).collect_view()}</div>
    }
}

/// The start on a device of several people.
#[component]
pub fn Residents(tiles: Vec<Tile>) -> impl IntoView {
    let lang = lang();
    let frame = Frame::get();
    let tiles = RwSignal::new(tiles);
    // Drawn anew when the hospital has said whether people have names.
    spawn_local(async move {
        lock::policy().await;
        tiles.try_update(|_| ());
    });
    view! {
        <main class="gate" data-testid="residents-screen">
            <div class="gate-card">
                <div class="gate-head">
                    <div class="mark" aria-hidden="true"><Picture icon=Icon::Lock/></div>
                    <h1>{lang.whose_app()}</h1>
                    <p>{move || frame.hospital.get()}</p>
                </div>
                {move || view! { <Tiles tiles=tiles.get() here=None/> }}
                <div class="gate-foot"><AnotherPerson/></div>
            </div>
        </main>
    }
}

/// Signs in somebody who has no store here yet.
#[component]
pub fn AnotherPerson() -> impl IntoView {
    let lang = lang();
    let phases = Phases::get();
    view! {
        <button type="button" class="button plain" data-testid="another-person" on:click=move |_| sign_in_another(phases)>
            <Picture icon=Icon::UserPlus class="small"/>
            {lang.another_person()}
        </button>
    }
}

/// The others at the lock screen of one: changing takes a tap and a PIN. Nothing where there is only one.
#[component]
pub fn OtherResidents() -> impl IntoView {
    let tiles = RwSignal::new(Vec::<Tile>::new());
    spawn_local(async move {
        tiles.try_set(residents::all().await);
        lock::policy().await;
        tiles.try_update(|_| ());
    });
    move || {
        let tiles = tiles.get();
        (tiles.len() > 1).then(|| view! { <Tiles tiles here=Some(residents::current())/> })
    }
}

/// Back to those who have a store here, from the sign-in of somebody else.
#[component]
pub fn BackToResidents() -> impl IntoView {
    let lang = lang();
    let phases = Phases::get();
    let is_there = RwSignal::new(false);
    spawn_local(async move {
        is_there.try_set(!residents::all().await.is_empty());
    });
    let back = move |_| {
        residents::let_choose();
        spawn_local(crate::app::find_session(phases));
    };
    move || {
        is_there.get().then(|| {
            view! {
                <button type="button" class="button plain" data-testid="back-to-residents" on:click=back>
                    <Picture icon=Icon::Back class="small"/>
                    {lang.back()}
                </button>
            }
        })
    }
}
