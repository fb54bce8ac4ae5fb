//! Endpoints of the chapter “sync”.
