//! Endpoints of the chapter “redact”.
