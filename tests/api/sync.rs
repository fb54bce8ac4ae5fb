//! Endpoints of the chapter “sync”.

mod sync_events;
mod view;
