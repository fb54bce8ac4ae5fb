//! Several people on one device: each has a store of their own, which only their PIN opens. Here is kept which stores there are, and
//! which of them this tab is at.
//!
//! The first person's store has the name that the only one had before; those after have random ones. The list of names lies in
//! `localStorage`; it says how many people there are, and nothing about them.

use std::cell::RefCell;

use client::{Session, lock::Resident};
use leptos::prelude::*;

use crate::{app::settings_of, i18n::Lang, lock, platform};

/// The store of the first, and before there could be several of the only one.
const FIRST: &str = "konsil";
/// What the others' begin with.
const OTHERS: &str = "konsil-p-";
/// What a session is called of which nothing is stored.
const PASSING: &str = "konsil-s-";
/// Under which names it is kept which stores there are, and for this tab which one it is at.
const LIST: &str = "people";
const HERE: &str = "konsil.person";
/// Instead of a store: whoever comes next chooses.
const ANYBODY: &str = "?";

thread_local! {
    static CURRENT: RefCell<String> = RefCell::new(FIRST.to_owned());
}

/// Somebody with a store on this device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tile {
    /// The name of their store.
    pub store: String,
    /// What is known of them; nothing if what is stored cannot be read.
    resident: Option<Resident>,
}

impl Tile {
    /// Whether what was typed at the sign-in means them.
    pub fn is(&self, typed: &str) -> bool {
        self.resident.as_ref().is_some_and(|it| it.is(typed))
    }

    /// Their name, where the hospital has it shown.
    pub fn name(&self) -> Option<String> {
        let shown = self.resident.as_ref().filter(|_| lock::known_policy().show_names);
        shown.and_then(|it| it.name.clone())
    }

    /// What they are known by: name, initials and colour; else the sign of their store, which is nobody's.
    pub fn words(&self, lang: Lang) -> String {
        self.name().unwrap_or_else(|| lang.sign(sign_of(&self.store)))
    }

    /// Initials and the colour of their disc, where their name is shown.
    pub fn disc(&self) -> Option<(String, u8)> {
        let resident = self.resident.as_ref().filter(|_| self.name().is_some())?;
        Some((resident.initials()?, resident.tint))
    }

    /// The picture instead.
    pub fn sign(&self) -> &'static str {
        SIGNS[sign_of(&self.store)]
    }
}

/// The pictures that stand for people whose name is not shown: the first ones of those that two devices compare.
const SIGNS: [&str; 16] = [
    "🐶", "🐱", "🦁", "🐎", "🦄", "🐷", "🐘", "🐰", "🐼", "🐓", "🐧", "🐢", "🐟", "🐙", "🦋", "🌷",
];

/// Which sign a store has: the first of its random characters says so.
fn sign_of(store: &str) -> usize {
    let digit = store.strip_prefix(OTHERS).and_then(|tail| tail.chars().next()?.to_digit(16));
    digit.map_or(FIRST_SIGN, |digit| digit as usize)
}

const FIRST_SIGN: usize = 6;

/// The store that this tab is at.
pub fn current() -> String {
    CURRENT.with_borrow(Clone::clone)
}

/// Where the worker of this store has its place, for push: nothing for the first, whose worker is the page's.
pub fn place() -> String {
    if is_passing() {
        // Nowhere: no worker says anything to it.
        return PASSING.to_owned();
    }
    current().strip_prefix(OTHERS).unwrap_or_default().to_owned()
}

fn listed() -> Vec<String> {
    let kept = platform::preference(LIST);
    let mut stores: Vec<String> =
        kept.iter().flat_map(|kept| kept.split(' ')).map(str::to_owned).collect();
    // Before there could be several there was no list.
    if !stores.iter().any(|store| store == FIRST) {
        stores.insert(0, FIRST.to_owned());
    }
    stores.retain(|store| store == FIRST || store.starts_with(OTHERS));
    stores
}

/// Who has a store on this device.
pub async fn all() -> Vec<Tile> {
    let mut tiles = Vec::new();
    for store in listed() {
        match Session::resident(&settings_of(&store)).await {
            Ok(None) => {}
            Ok(resident) => tiles.push(Tile { store, resident }),
            Err(_) => tiles.push(Tile { store, resident: None }),
        }
    }
    tiles
}

/// The store that this tab is at among those that there are; `None` if somebody has to choose. Where nobody has one, a new one.
pub fn chosen(tiles: &[Tile]) -> Option<String> {
    let here = session().and_then(|it| it.get_item(HERE).ok().flatten());
    let is_there = |store: &str| tiles.iter().any(|tile| tile.store == store);
    match (here, tiles) {
        (_, []) => Some(FIRST.to_owned()),
        (Some(here), _) if is_there(&here) => Some(here),
        (Some(here), _) if here == ANYBODY => None,
        (_, [only]) => Some(only.store.clone()),
        _ => None,
    }
}

/// From now on this tab is at that store.
pub fn choose(store: &str) {
    CURRENT.set(store.to_owned());
    if let Some(session) = session() {
        let _ = session.set_item(HERE, store);
    }
}

/// This tab is at no store: somebody comes of whom nothing is stored. Known by its name as long as it is open.
pub fn pass() {
    let random = (js_sys::Math::random() * f64::from(u32::MAX)) as u32;
    CURRENT.set(format!("{PASSING}{random:08x}"));
}

/// Whether this tab is at no store.
pub fn is_passing() -> bool {
    current().starts_with(PASSING)
}

/// At the next start somebody chooses.
pub fn let_choose() {
    if let Some(session) = session() {
        let _ = session.set_item(HERE, ANYBODY);
    }
}

/// A name for the store of somebody new, with a sign that nobody else has as long as there is one.
pub fn new_store(tiles: &[Tile]) -> String {
    if tiles.iter().all(|tile| tile.store != FIRST) {
        return FIRST.to_owned();
    }
    let taken = |sign: usize| tiles.iter().any(|tile| sign_of(&tile.store) == sign);
    let random = || (js_sys::Math::random() * f64::from(u32::MAX)) as u32;
    loop {
        let store = format!("{OTHERS}{:08x}", random());
        if tiles.len() >= SIGNS.len() || !taken(sign_of(&store)) {
            return store;
        }
    }
}

/// Notes that there is something in the store of this tab.
pub fn add() {
    let mut stores = listed();
    let here = current();
    if !stores.contains(&here) {
        stores.push(here);
    }
    platform::keep_preference(LIST, Some(&stores.join(" ")));
}

/// Notes that there is nothing in it any more.
pub fn remove() {
    let here = current();
    let mut stores = listed();
    stores.retain(|store| *store != here);
    platform::keep_preference(LIST, Some(&stores.join(" ")));
    if let Some(session) = session() {
        let _ = session.remove_item(HERE);
    }
}

fn session() -> Option<web_sys::Storage> {
    window().session_storage().ok().flatten()
}
