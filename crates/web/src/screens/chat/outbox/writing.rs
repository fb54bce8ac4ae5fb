//! Looking for writing on what is about to be sent ([`crate::writing`]).

use std::time::Duration;

use leptos::{prelude::*, task::spawn_local};

use super::Item;
use crate::{platform, writing};

/// Between two passes over a picture, so that the page stays alive.
const BREATH: Duration = Duration::from_millis(1);
/// How soon it is seen that editing is done.
const WHILE_EDITING: Duration = Duration::from_millis(200);
/// The picture is shown before it is looked at.
const FIRST_SHOWN: Duration = Duration::from_millis(200);

/// Which of the pictures probably show writing; nothing as long as that is not known. They are looked at one after the other, the one that is shown
/// first, and anew after each change; not while one of them is edited. Sending does not wait for it.
#[derive(Clone, Copy)]
pub(super) struct Writing {
    found: RwSignal<Vec<Option<bool>>>,
    items: StoredValue<Vec<Item>, LocalStorage>,
}

impl Writing {
    /// Begins to look.
    pub(super) fn look(
        items: StoredValue<Vec<Item>, LocalStorage>,
        at: RwSignal<usize>,
        editing: RwSignal<bool>,
    ) -> Self {
        let count = items.with_value(Vec::len);
        let this = Self { found: RwSignal::new(vec![None; count]), items };
        spawn_local(async move {
            platform::sleep(FIRST_SHOWN).await;
            let first = at.try_get_untracked().unwrap_or_default();
            for at in (first..count).chain(0..first) {
                this.look_at(at, editing).await;
            }
        });
        this
    }

    /// That picture is another one now.
    pub(super) fn changed(self, at: usize, editing: RwSignal<bool>) {
        self.found.update(|found| found[at] = None);
        spawn_local(async move { self.look_at(at, editing).await });
    }

    async fn look_at(self, at: usize, editing: RwSignal<bool>) {
        let url = url_of(self.items, at);
        let photo = self.items.try_with_value(|items| match items.get(at) {
            Some(Item::Photo { photo, .. }) => Some(photo.clone()),
            _ => None,
        });
        let Some(photo) = photo.flatten() else { return };
        let Ok(pixels) = photo.pixels_within(writing::SIDE_PX).await else { return };
        let mut shows = false;
        for is_found in writing::passes(&pixels) {
            shows = is_found;
            if shows {
                break;
            }
            platform::sleep(BREATH).await;
            while editing.try_get_untracked() == Some(true) {
                platform::sleep(WHILE_EDITING).await;
            }
            if url_of(self.items, at) != url {
                break;
            }
        }
        // Changed or gone meanwhile, it is looked at anew.
        if url_of(self.items, at) == url {
            self.found.try_update(|found| found[at] = Some(shows));
        }
    }

    /// Whether it is known of that picture.
    pub(super) fn is_known(self, at: usize) -> bool {
        self.found.with(|found| found.get(at).copied().flatten().is_some())
    }

    /// A picture that shows writing: this one, else the first.
    pub(super) fn shown(self, at: usize) -> Option<usize> {
        self.found.with(|found| {
            let is_there = |at: &usize| found.get(*at) == Some(&Some(true));
            Some(at).filter(is_there).or_else(|| (0..found.len()).find(is_there))
        })
    }
}

fn url_of(items: StoredValue<Vec<Item>, LocalStorage>, at: usize) -> Option<String> {
    items.try_with_value(|items| items.get(at).and_then(Item::url).map(str::to_owned)).flatten()
}
