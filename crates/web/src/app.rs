//! The app from its start to the first screen: which tab, which session, which language.

use client::{
    Session, Settings,
    lock::{LockedSession, Stored, Unprotected},
    session::SessionEnd,
    tabs::{self, TabRole},
};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    context::{Desk, Frame, follow_with, lang},
    crash,
    hospital::Hospital,
    lock,
    navigation::Navigation,
    passing,
    platform::{self, Theme},
    push::{self, Wakes},
    residents::{self, Tile},
    route::Route,
    screens::{
        HomeScreenGuide, Invited, LockScreen, OtherTab, Residents, SetPin, Shell, SignIn, Splash,
        StoreBroken, TooOld, UpdateBanner,
    },
    text,
    update::{self, Updates},
};

/// What the app is doing.
#[derive(Clone)]
pub enum Phase {
    /// Looking for a stored session.
    Starting,
    /// Several people have a store here: whose is it?
    Residents(Vec<Tile>),
    /// Another tab holds the store.
    OtherTab,
    /// Nobody is signed in, and why if that was not their own wish.
    SignedOut(Option<SessionEnd>),
    /// Somebody is signed in and has no PIN yet.
    SetPin(Unprotected),
    /// What is stored opens with the PIN.
    Locked(LockedSession),
    /// The store cannot be opened.
    StoreBroken,
    /// Somebody is signed in.
    SignedIn(Session),
}

/// The way from one phase to another.
#[derive(Clone, Copy)]
pub struct Phases(RwSignal<Phase, LocalStorage>);

impl Phases {
    /// From any component.
    pub fn get() -> Self {
        expect_context()
    }

    /// Goes on to another phase.
    pub fn enter(self, phase: Phase) {
        self.0.set(phase);
    }

    /// Whether this holds of what the app is doing.
    pub fn is(self, holds: impl Fn(&Phase) -> bool) -> bool {
        self.0.with_untracked(holds)
    }

    /// The session that is open, if there is one.
    pub fn session(self) -> Option<Session> {
        self.0.with_untracked(|phase| match phase {
            Phase::SignedIn(session) => Some(session.clone()),
            _ => None,
        })
    }
}

/// Where the server is and what the store is called that this tab is at.
pub fn settings() -> Settings {
    settings_of(&residents::current())
}

/// The same for another store of this device.
pub fn settings_of(store: &str) -> Settings {
    Settings {
        homeserver: platform::origin(),
        store: store.to_owned(),
        device_name: text::device_name(&platform::user_agent()),
    }
}

/// Starts the app in the page.
pub fn start() {
    crash::watch_panics();
    client::version::say(update::version());
    if let Some(boot) = document().get_element_by_id("boot") {
        boot.remove();
    }
    leptos::mount::mount_to_body(App);
}

#[component]
fn App() -> impl IntoView {
    let lang = RwSignal::new(platform::chosen_language());
    let kept = Hospital::kept();
    kept.allow_writing_aids();
    let frame = Frame {
        lang,
        theme: RwSignal::new(Theme::chosen()),
        nav: Navigation::start(),
        hospital: RwSignal::new(
            kept.name.clone().unwrap_or_else(|| window().location().hostname().unwrap_or_default()),
        ),
        updates: Updates::new(&kept),
        emergency_numbers: RwSignal::new(kept.emergency_numbers),
        toast: RwSignal::new(None),
        newcomer: RwSignal::new(false),
    };
    let route = frame.nav.route();
    let invitation = Memo::new(move |_| match route.get() {
        Route::Invitation(token) => Some(token),
        _ => None,
    });
    let phases = Phases(RwSignal::new_local(Phase::Starting));
    // On iPhone and iPad the home screen comes before the first sign-in: elsewhere the system would soon throw away what is stored.
    let is_guided = RwSignal::new(push::needs_home_screen());
    frame.provide();
    provide_context(phases);
    platform::announce_language(lang.get_untracked());
    spawn_local(async move {
        let Some(told) = Hospital::ask().await else { return };
        frame.updates.compare(&told);
        if let Some(name) = told.name {
            frame.hospital.set(name);
        }
        frame.emergency_numbers.set(told.emergency_numbers);
    });
    spawn_local(find_session(phases));
    push::answer_for_whom();
    update::follow(phases);
    spawn_local(passing::tidy());
    spawn_local(async move {
        tabs::lost().await;
        // Nothing of what was open may stay in the memory of a page that does not ask for the PIN.
        platform::start_anew(None);
    });
    view! {
        <div class="app">
            <UpdateBanner/>
            {move || {
                if let Some(minimum) = frame.updates.too_old.get() {
                    lang.track();
                    return view! { <TooOld minimum=minimum.to_string()/> }.into_any();
                }
                // A new language draws everything anew; drafts are kept by the client.
                lang.track();
                match phases.0.get() {
                    Phase::Starting => view! { <Splash/> }.into_any(),
                    Phase::Residents(tiles) => view! { <Residents tiles/> }.into_any(),
                    Phase::OtherTab => view! { <OtherTab/> }.into_any(),
                    Phase::SignedOut(_) if is_guided.get() => {
                        let on_skip = Callback::new(move |()| is_guided.set(false));
                        view! { <HomeScreenGuide invited=invitation.get().is_some() on_skip/> }.into_any()
                    }
                    Phase::SignedOut(end) => match invitation.get() {
                        Some(token) => view! { <Invited token/> }.into_any(),
                        None => view! { <SignIn end/> }.into_any(),
                    },
                    Phase::SetPin(unprotected) => view! { <SetPin unprotected/> }.into_any(),
                    Phase::Locked(locked) => view! { <LockScreen locked/> }.into_any(),
                    Phase::StoreBroken => view! { <StoreBroken/> }.into_any(),
                    Phase::SignedIn(session) => view! { <SignedIn session/> }.into_any(),
                }
            }}
            <Toast/>
        </div>
    }
}

/// Finds out which screen comes first.
pub async fn find_session(phases: Phases) {
    if platform::was_anew_for("passed") {
        Frame::get().say(lang().session_passed());
    }
    let tiles = residents::all().await;
    match residents::chosen(&tiles) {
        Some(store) => come_to(phases, &store).await,
        None => phases.enter(Phase::Residents(tiles)),
    }
}

/// Where the one before was is nobody's business. An invitation is whoever's who comes.
fn leave_place() {
    let nav = Frame::get().nav;
    if !matches!(nav.route().get_untracked(), Route::Invitation(_)) {
        nav.replace(Route::Chats);
    }
}

/// Somebody has chosen whose store it is.
pub fn change_to(phases: Phases, store: String) {
    if store == residents::current() && !matches!(phases.0.get_untracked(), Phase::Residents(_)) {
        return;
    }
    leave_place();
    platform::was_in_front();
    phases.enter(Phase::Starting);
    spawn_local(async move {
        push::clear_shown().await;
        tabs::release();
        come_to(phases, &store).await;
    });
}

/// Somebody signs in who has no store here yet.
pub fn sign_in_another(phases: Phases) {
    leave_place();
    platform::was_in_front();
    spawn_local(async move {
        push::clear_shown().await;
        tabs::release();
        residents::choose(&residents::new_store(&residents::all().await));
        phases.enter(Phase::SignedOut(None));
    });
}

async fn come_to(phases: Phases, store: &str) {
    residents::choose(store);
    if platform::was_in_front() {
        // The tab in which the app was locked goes on with it.
        tabs::take_over(store).await;
    } else if tabs::elect(store).await == TabRole::Following {
        phases.enter(Phase::OtherTab);
        tabs::wait_for_turn(store).await;
    }
    restore(phases).await;
}

/// Finds what is stored, and asks for the PIN. This tab must hold the store.
pub async fn restore(phases: Phases) {
    phases.enter(match Session::stored(&settings()).await {
        Ok(Stored::Locked(locked)) => Phase::Locked(locked),
        Ok(Stored::Unprotected(unprotected)) => Phase::SetPin(unprotected),
        Ok(Stored::Nothing) => {
            let ended = platform::was_anew_for("ended");
            Phase::SignedOut(ended.then_some(SessionEnd::LoggedOutByServer))
        }
        Err(_) => Phase::StoreBroken,
    });
}

#[component]
fn SignedIn(session: Session) -> impl IntoView {
    let phases = Phases::get();
    follow_with(session.ended(), move |end| {
        if let Some(end) = end {
            ended(phases, end);
        }
    });
    lock::watch(phases, session.clone());
    spawn_local(lock::follow_others(phases, residents::current()));
    let wakes = Wakes::follow(session.clone());
    provide_context(wakes);
    let desk = Desk::open(session);
    let frame = Frame::get();
    if matches!(frame.nav.route().get_untracked(), Route::Invitation(_)) {
        frame.nav.replace(Route::Chats);
        frame.say(lang().invitation_signed_in());
    }
    // Somebody who has just come wants to write first; the next start reminds of the recovery key.
    desk.key_put_off.set(frame.newcomer.get_untracked());
    if residents::is_passing() {
        spawn_local(async move { passing::begin(&desk.session()).await });
    } else {
        platform::keep_storage();
    }
    view! { <Shell/> }
}

fn ended(phases: Phases, end: SessionEnd) {
    // Leaving the phase drops the session, which the store has to be free of before it is cleared.
    if end == SessionEnd::AccountLocked {
        // The lock screen says so.
        if let Some(session) = phases.session() {
            lock::lock(phases, session);
        }
        return;
    }
    phases.enter(Phase::Starting);
    spawn_local(async move {
        platform::sleep(std::time::Duration::from_millis(50)).await;
        if end == SessionEnd::LoggedOutByServer {
            push::end().await;
            return match Session::forget(&settings()).await {
                Ok(()) => {
                    residents::remove();
                    leave_place();
                    platform::start_anew(Some("ended"));
                }
                Err(_) => phases.enter(Phase::StoreBroken),
            };
        }
        phases.enter(Phase::SignedOut(Some(end)));
    });
}

#[component]
fn Toast() -> impl IntoView {
    let toast = Frame::get().toast;
    let debounce = platform::Debounce::default();
    Effect::new(move |_| {
        if toast.with(Option::is_some) {
            debounce.run(std::time::Duration::from_millis(4500), move || toast.set(None));
        }
    });
    view! {
        <div role="status" aria-live="polite">
            {move || toast.get().map(|text| view! { <p class="toast" data-testid="toast">{text}</p> })}
        </div>
    }
}
