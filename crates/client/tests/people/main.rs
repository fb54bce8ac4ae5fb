//! Real people on a real server: the whole client, natively, against the `konsil` binary.
#![recursion_limit = "256"]

mod broadcasts;
mod chat;
mod devices;
mod groups;
mod line;
mod lock;
mod more;
mod offline;
mod person;
