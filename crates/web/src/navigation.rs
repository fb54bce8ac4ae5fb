//! Moving between places with the browser's own history, so that "back" always does what it says.
//!
//! Sheets and pictures are no places, but "back" must close them: each takes a history entry while it is open.
//! An address that was typed or came by a link makes an entry that is not ours: it leads there, whatever is open.

use std::{cell::RefCell, rc::Rc};

use leptos::prelude::*;
use wasm_bindgen::JsValue;

use crate::{platform, route::Route};

/// Where the app is, and the ways to another place. Copy it freely.
#[derive(Clone, Copy)]
pub struct Navigation {
    route: RwSignal<Route>,
    overlays: StoredValue<Rc<RefCell<Overlays>>, LocalStorage>,
}

#[derive(Default)]
struct Overlays {
    /// How to close those that are open, the top one last.
    open: Vec<(u64, Rc<dyn Fn()>)>,
    /// History entries that were made for overlays and not yet taken back.
    entries: usize,
    /// `popstate` events that we caused ourselves.
    own_pops: usize,
    /// Distinguishes overlays.
    next_id: u64,
    /// Places visited inside the app, so that "back" never leaves it by surprise.
    depth: usize,
}

impl Navigation {
    /// Starts at the place in the address bar and follows the browser's back and forward buttons.
    pub fn start() -> Self {
        let route = RwSignal::new(current());
        let overlays = StoredValue::new_local(Rc::new(RefCell::new(Overlays::default())));
        let this = Self { route, overlays };
        mark_as_own();
        platform::listen::<web_sys::PopStateEvent>(&window(), "popstate", move |event| {
            match event.state() == own() {
                true => this.popped(),
                false => this.entered(),
            }
        });
        this
    }

    /// Where the app is.
    pub fn route(self) -> ReadSignal<Route> {
        self.route.read_only()
    }

    /// Goes to another place.
    pub fn go(self, route: Route) {
        if self.route.get_untracked() == route {
            return;
        }
        let overlays = self.overlays.get_value();
        let has_spare_entry = {
            let mut overlays = overlays.borrow_mut();
            // What covers this place goes with it, and leaves its entry to the next: giving it back later would be a step back from there.
            let spare = overlays.entries > 0;
            if spare {
                overlays.entries -= 1;
            }
            overlays.depth += 1;
            spare
        };
        write_history(&route, has_spare_entry);
        self.route.set(route);
    }

    /// Goes to another place without a way back to this one.
    pub fn replace(self, route: Route) {
        write_history(&route, true);
        self.route.set(route);
    }

    /// Goes to another place before the page is loaded anew. What covers this place gives no entry back any more: that step back could come
    /// before the page goes, which would then begin at the place that was left.
    pub fn leave_for(self, route: Route) {
        self.overlays.get_value().borrow_mut().entries = 0;
        self.replace(route);
    }

    /// Goes back to where one came from; to `otherwise` if the app was opened here.
    pub fn back(self, otherwise: Route) {
        if self.overlays.get_value().borrow().depth == 0 {
            return self.replace(otherwise);
        }
        if let Ok(history) = window().history() {
            let _ = history.back();
        }
    }

    /// Takes a history entry for something that covers the place; "back" then calls `close`. The entry is given back
    /// when the owner is gone.
    pub fn cover(self, close: impl Fn() + 'static) {
        let overlays = self.overlays.get_value();
        let id = {
            let mut overlays = overlays.borrow_mut();
            overlays.next_id += 1;
            let id = overlays.next_id;
            overlays.open.push((id, Rc::new(close)));
            if overlays.entries < overlays.open.len() {
                overlays.entries += 1;
                push_same();
            }
            id
        };
        platform::on_gone(move || {
            overlays.borrow_mut().open.retain(|(other, _)| *other != id);
            // Not at once: what closes often opens the next, which then takes over the entry.
            leptos::task::spawn_local(async move {
                platform::sleep(std::time::Duration::from_millis(30)).await;
                let surplus = {
                    let mut overlays = overlays.borrow_mut();
                    let surplus = overlays.entries.saturating_sub(overlays.open.len());
                    overlays.entries -= surplus;
                    overlays.own_pops += usize::from(surplus > 0);
                    surplus
                };
                if surplus > 0
                    && let Ok(history) = window().history()
                {
                    let _ = history.go_with_delta(-(surplus as i32));
                }
            });
        });
    }

    /// The address was changed from outside.
    fn entered(self) {
        mark_as_own();
        let overlays = self.overlays.get_value();
        let covering = {
            let mut overlays = overlays.borrow_mut();
            // Their entries lie below the new one and can no longer be given back.
            overlays.entries = 0;
            overlays.own_pops = 0;
            overlays.depth += 1;
            std::mem::take(&mut overlays.open)
        };
        covering.into_iter().rev().for_each(|(_, close)| close());
        self.route.set(current());
    }

    fn popped(self) {
        let overlays = self.overlays.get_value();
        let close = {
            let mut overlays = overlays.borrow_mut();
            if overlays.own_pops > 0 {
                overlays.own_pops -= 1;
                let route = self.route.get_untracked();
                // Somebody has gone on before the cover was away: the step back led below that place.
                if overlays.own_pops == 0 && current() != route {
                    write_history(&route, true);
                }
                return;
            }
            let top = overlays.open.pop();
            if top.is_some() {
                overlays.entries = overlays.entries.saturating_sub(1);
            } else {
                overlays.depth = overlays.depth.saturating_sub(1);
            }
            top
        };
        match close {
            Some((_, close)) => close(),
            None => self.route.set(current()),
        }
    }
}

fn current() -> Route {
    Route::parse(&window().location().hash().unwrap_or_default())
}

/// What our own entries carry.
fn own() -> JsValue {
    JsValue::from_str("konsil")
}

fn mark_as_own() {
    if let Ok(history) = window().history() {
        let _ = history.replace_state_with_url(&own(), "", None);
    }
}

fn write_history(route: &Route, replace: bool) {
    let Ok(history) = window().history() else { return };
    let url = route.fragment();
    let _ = match replace {
        true => history.replace_state_with_url(&own(), "", Some(&url)),
        false => history.push_state_with_url(&own(), "", Some(&url)),
    };
}

fn push_same() {
    if let Ok(history) = window().history() {
        let _ = history.push_state_with_url(&own(), "", None);
    }
}
