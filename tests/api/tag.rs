//! Endpoints of the chapter “tag”.

mod create_tag;
