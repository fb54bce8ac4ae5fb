//! Real people on a real server: the whole client, natively, against the `konsil` binary.
#![recursion_limit = "256"]

mod backups;
mod broadcasts;
mod busy;
mod chat;
mod completeness;
mod contacts;
mod devices;
mod files;
mod groups;
mod imports;
mod large;
mod line;
mod link;
mod lock;
mod more;
mod offline;
mod page;
mod person;
