//! Endpoints of the chapter “typing”.

mod create_typing_event;
