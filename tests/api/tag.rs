//! Endpoints of the chapter “tag”.
