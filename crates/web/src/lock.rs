//! Locking the app (I.b): when, and what is seen meanwhile.
//!
//! Locked means that nothing of a session is in memory any more: the page is loaded anew and asks for the PIN. Until it is clear
//! whether somebody is only looking elsewhere, the screen is covered, which costs nothing and happens at once.

use std::{cell::Cell, rc::Rc, time::Duration};

use client::{Session, lock::LockPolicy, session::LogoutMode, tabs};
use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;

use crate::{
    app::{Phase, Phases, settings},
    passkey, platform, residents,
};

/// How long what was just sent may take to reach the server before the session is let go.
const SETTLE: Duration = Duration::from_secs(5);
/// How often it is looked whether anybody is there.
const LOOK: Duration = Duration::from_secs(1);
/// How long the app's own file picker may be in front of it.
const PICKER_MS: f64 = 5.0 * 60.0 * 1000.0;
/// A click that brings the window to the front must not hit what nobody could see.
const BLIND_CLICK: Duration = Duration::from_millis(150);

/// What shows that somebody is there.
const TOUCHES: [&str; 5] = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"];

thread_local! {
    static LOCKING: Cell<bool> = const { Cell::new(false) };
    static POLICY: Cell<Option<LockPolicy>> = const { Cell::new(None) };
}

/// Asks for the hospital's policy, and remembers it as long as the page lives. The strict one where it cannot be asked for.
pub async fn policy() -> LockPolicy {
    if let Ok(policy) = client::lock::policy(&settings()).await {
        POLICY.set(Some(policy));
        platform::keep_preference(OFFLINE_HOURS, Some(&policy.offline_hours.to_string()));
        platform::keep_preference(SHOW_NAMES, policy.show_names.then_some("1"));
    }
    known_policy()
}

/// Under which names it is kept what the lock screen shows when the server is away: for how long the app may open without it, and
/// whether people have names.
const OFFLINE_HOURS: &str = "offline-hours";
const SHOW_NAMES: &str = "show-names";

/// The hospital's policy as far as it is known; else the strict one.
pub fn known_policy() -> LockPolicy {
    POLICY.get().unwrap_or_else(|| {
        let kept = platform::preference(OFFLINE_HOURS).and_then(|hours| hours.parse().ok());
        LockPolicy {
            offline_hours: kept.unwrap_or_default(),
            show_names: platform::preference(SHOW_NAMES).is_some(),
            ..LockPolicy::default()
        }
    })
}

/// Locks the app in all tabs.
pub fn lock(phases: Phases, session: Session) {
    if LOCKING.replace(true) {
        return;
    }
    cover(true);
    tabs::lock_others(&residents::current());
    // The screens go, and with them what they show; what was begun is kept.
    phases.enter(Phase::Starting);
    spawn_local(async move {
        session.settle(SETTLE).await;
        if session.is_passing() {
            // Nothing could be opened again. What the backup does not have yet is lost with the rest; without the server the next
            // start has the device leave.
            if session.logout(LogoutMode::KeepKeys).await.is_err() {
                let _ = session.logout(LogoutMode::LoseKeys).await;
            }
            return platform::start_anew(Some("passed"));
        }
        drop(session);
        platform::start_anew_in_front();
    });
}

/// Locks the app, and lets somebody else of this device come.
pub fn change_person(phases: Phases, session: Session) {
    residents::let_choose();
    lock(phases, session);
}

/// Locks this tab when another one of the same person asks for it, as long as the page lives and is at their store.
pub async fn follow_others(phases: Phases, store: String) {
    loop {
        tabs::lock_wanted(&store).await;
        if residents::current() != store {
            return;
        }
        if let Some(session) = phases.session() {
            lock(phases, session);
        }
    }
}

/// Has this tab be at the store of whoever signs in: their own if they have one here. `false` if another tab has that.
pub async fn comes_to_own_store(user: &str) -> bool {
    let tiles = residents::all().await;
    let own = tiles.iter().find(|tile| tile.is(user));
    let here = residents::current();
    let store = match own {
        Some(own) => own.store.clone(),
        // Somebody else's is not for them.
        None if tiles.iter().any(|tile| tile.store == here) => residents::new_store(&tiles),
        None => here.clone(),
    };
    if store != here {
        tabs::release();
        residents::choose(&store);
    }
    tabs::is_held(&store) || tabs::elect(&store).await == tabs::TabRole::Leading
}

/// Covers the screen, or shows it again.
fn cover(on: bool) {
    if let Some(page) = document().document_element() {
        // A class that cannot be set leaves the screen as it is.
        let _ = page.class_list().toggle_with_force("covered", on);
    }
}

/// Whoever records, listens or watches is there without touching anything.
fn is_recording_or_playing() -> bool {
    let using = document().query_selector(".recorder, .on-air, [data-playing=\"true\"]");
    let playing = document().query_selector("video[controls]").ok().flatten();
    let playing = playing.and_then(|it| it.dyn_into::<web_sys::HtmlVideoElement>().ok());
    using.is_ok_and(|found| found.is_some()) || playing.is_some_and(|video| !video.paused())
}

/// What is known of whoever uses the app.
struct Watch {
    policy: Cell<LockPolicy>,
    last_touch_ms: Cell<f64>,
    hidden_since_ms: Cell<Option<f64>>,
    /// Since when the app's own file picker has been in front of it, if it is.
    picking_since_ms: Cell<Option<f64>>,
}

impl Watch {
    /// Whether it is time, by the clock and not by timers, which rest while a page is hidden or a computer sleeps.
    fn is_time(&self) -> bool {
        let (now, policy) = (js_sys::Date::now(), self.policy.get());
        let idle_ms = f64::from(policy.idle_minutes) * 60_000.0;
        let out_of_sight = self.hidden_since_ms.get().is_some_and(|since| {
            let asks = self.picking_since_ms.get().or_else(passkey::asking_since_ms);
            let allowed_ms = match asks {
                Some(_) => PICKER_MS.max(f64::from(policy.hidden_seconds) * 1000.0),
                None => f64::from(policy.hidden_seconds) * 1000.0,
            };
            now - since >= allowed_ms
        });
        out_of_sight || now - self.last_touch_ms.get() >= idle_ms
    }

    fn touch(&self) {
        self.last_touch_ms.set(js_sys::Date::now());
    }
}

/// Covers and locks the app as long as the owner is there.
pub fn watch(phases: Phases, session: Session) {
    let watch = Rc::new(Watch {
        policy: Cell::new(known_policy()),
        last_touch_ms: Cell::new(js_sys::Date::now()),
        hidden_since_ms: Cell::new(None),
        picking_since_ms: Cell::new(None),
    });
    let asking = watch.clone();
    spawn_local(async move { asking.policy.set(policy().await) });

    let lock_if_time = {
        let watch = watch.clone();
        Rc::new(move || {
            let is_time = watch.is_time();
            if is_time {
                lock(phases, session.clone());
            }
            is_time
        })
    };
    let show = || {
        if !LOCKING.get() && platform::is_visible() {
            cover(false);
        }
    };

    for event in TOUCHES {
        let (watch, lock_if_time) = (watch.clone(), lock_if_time.clone());
        platform::listen::<web_sys::Event>(&window(), event, move |_| {
            // The first touch after a long pause comes too late.
            if !lock_if_time() {
                watch.touch();
                show();
            }
        });
    }
    for event in ["blur", "pagehide"] {
        platform::listen::<web_sys::Event>(&window(), event, move |_| cover(true));
    }
    {
        let watch = watch.clone();
        platform::listen::<web_sys::Event>(&window(), "focus", move |_| {
            watch.picking_since_ms.set(None);
            spawn_local(async move {
                platform::sleep(BLIND_CLICK).await;
                show();
            });
        });
    }
    // Whoever drags a file here from another window has to see where to.
    platform::listen::<web_sys::Event>(&window(), "dragenter", move |_| show());
    {
        let watch = watch.clone();
        platform::listen::<web_sys::Event>(&window(), "click", move |event| {
            let input =
                event.target().and_then(|it| it.dyn_into::<web_sys::HtmlInputElement>().ok());
            if input.is_some_and(|input| input.type_() == "file") {
                watch.picking_since_ms.set(Some(js_sys::Date::now()));
            }
        });
    }
    {
        let (watch, lock_if_time) = (watch.clone(), lock_if_time.clone());
        platform::listen::<web_sys::Event>(&document(), "visibilitychange", move |_| {
            if !platform::is_visible() {
                cover(true);
                watch.hidden_since_ms.set(Some(js_sys::Date::now()));
                lock_if_time();
            } else if !lock_if_time() {
                watch.hidden_since_ms.set(None);
                watch.picking_since_ms.set(None);
                // Where the focus comes later, its event shows the screen.
                if document().has_focus().unwrap_or(true) {
                    show();
                }
            }
        });
    }

    let gone = Rc::new(Cell::new(false));
    let looking = gone.clone();
    spawn_local(async move {
        while !looking.get() && !lock_if_time() {
            if is_recording_or_playing() {
                watch.touch();
            }
            platform::sleep(LOOK).await;
        }
    });
    platform::on_gone(move || {
        gone.set(true);
        if !LOCKING.get() {
            cover(false);
        }
    });
}
