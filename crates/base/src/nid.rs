//! Row numbers: the short names of long things. They never leave the store; the wire knows only the Matrix identifiers.

macro_rules! nid {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub i64);

        impl From<$name> for i64 {
            fn from(nid: $name) -> i64 {
                nid.0
            }
        }
    )*};
}

nid! {
    /// Row number of a user, local or remote.
    UserNid,
    /// Row number of a device of a local user.
    DeviceNid,
    /// Row number of a room.
    RoomNid,
    /// Row number of an event. Each event has one, also when it is in no timeline.
    EventNid,
    /// Row number of a pair of event type and state key.
    StateKeyNid,
}
