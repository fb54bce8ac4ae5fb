//! Whether the server can be reached.

/// State of the connection, for the banner above the chats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    /// The first answer is still to come; what is shown is from the device's store.
    Connecting,
    /// Everything up to date.
    Online,
    /// The browser says that there is no network. Messages wait in the queue.
    Offline,
    /// The network is there but the server does not answer; tried again by itself.
    Reconnecting {
        /// When the next try starts, in milliseconds from now, for "in 8 s".
        next_try_in_ms: u64,
    },
}

impl Connection {
    /// Whether what is shown may be out of date and what is sent has to wait.
    pub fn is_down(self) -> bool {
        matches!(self, Self::Offline | Self::Reconnecting { .. })
    }
}
