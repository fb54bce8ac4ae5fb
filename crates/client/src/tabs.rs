//! Several tabs of one browser: they share the encrypted store of each person, so only one of them may open it. `store` is
//! that of [`crate::Settings`].

/// What this tab may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TabRole {
    /// This tab holds the store; carry on with [`crate::Session::stored`].
    Leading,
    /// Another tab holds it. Offer "use here" ([`take_over`]) and wait ([`wait_for_turn`]).
    Following,
}

/// Tries to become the tab that holds the store. Keeps the place until the page goes away, or [`release`].
pub async fn elect(store: &str) -> TabRole {
    platform::elect(store).await
}

/// Waits until the other tab is gone; this tab then leads.
pub async fn wait_for_turn(store: &str) {
    platform::wait_for_turn(store).await
}

/// Takes the place from the other tab, which is told ([`lost`]) and has to stop. This tab then leads.
pub async fn take_over(store: &str) {
    platform::take_over(store).await
}

/// Gives up the place: another person's store comes next. Nothing of the earlier one may be open any more.
pub fn release() {
    platform::release();
}

/// Resolves when another tab has taken over. Drop the session and show "Konsil is open in another tab".
pub async fn lost() {
    platform::lost().await
}

/// Whether this tab holds the store.
pub fn is_held(store: &str) -> bool {
    platform::is_held(store)
}

/// Whether no tab holds the store.
pub async fn is_free(store: &str) -> bool {
    platform::is_free(store).await
}

/// Has the app lock itself in all tabs of this person but this one.
pub fn lock_others(store: &str) {
    platform::lock_others(store);
}

/// Resolves when another tab of this person wants the app to be locked.
pub async fn lock_wanted(store: &str) {
    platform::lock_wanted(store).await
}

#[cfg(not(target_family = "wasm"))]
mod platform {
    use super::TabRole;

    // A process of its own has its store for itself.
    pub async fn elect(_: &str) -> TabRole {
        TabRole::Leading
    }
    pub async fn wait_for_turn(_: &str) {}
    pub async fn take_over(_: &str) {}
    pub fn release() {}
    pub fn is_held(_: &str) -> bool {
        true
    }
    pub async fn is_free(_: &str) -> bool {
        true
    }
    pub async fn lost() {
        std::future::pending().await
    }
    pub fn lock_others(_: &str) {}
    pub async fn lock_wanted(_: &str) {
        std::future::pending().await
    }
}

#[cfg(target_family = "wasm")]
mod platform;
