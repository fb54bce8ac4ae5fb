//! Endpoints of the chapter “session”.
