//! Several tabs of one browser: they share the encrypted store, so only one of them may open it.

/// What this tab may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TabRole {
    /// This tab holds the store; carry on with [`crate::Session::stored`].
    Leading,
    /// Another tab holds it. Offer "use here" ([`take_over`]) and wait ([`wait_for_turn`]).
    Following,
}

/// Tries to become the tab that holds the store. Keeps the place until the page goes away.
pub async fn elect() -> TabRole {
    platform::elect().await
}

/// Waits until the other tab is gone; this tab then leads.
pub async fn wait_for_turn() {
    platform::wait_for_turn().await
}

/// Takes the place from the other tab, which is told ([`lost`]) and has to stop. This tab then leads.
pub async fn take_over() {
    platform::take_over().await
}

/// Resolves when another tab has taken over. Drop the session and show "Konsil is open in another tab".
pub async fn lost() {
    platform::lost().await
}

/// Has the app lock itself in all tabs but this one.
pub fn lock_others() {
    platform::lock_others();
}

/// Resolves when another tab wants the app to be locked.
pub async fn lock_wanted() {
    platform::lock_wanted().await
}

#[cfg(not(target_family = "wasm"))]
mod platform {
    use super::TabRole;

    // A process of its own has its store for itself.
    pub async fn elect() -> TabRole {
        TabRole::Leading
    }
    pub async fn wait_for_turn() {}
    pub async fn take_over() {}
    pub async fn lost() {
        std::future::pending().await
    }
    pub fn lock_others() {}
    pub async fn lock_wanted() {
        std::future::pending().await
    }
}

#[cfg(target_family = "wasm")]
mod platform;
