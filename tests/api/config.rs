//! Endpoints of the chapter “config”.
