//! Endpoints of the chapter “backup”.
