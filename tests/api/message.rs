//! Endpoints of the chapter “message”.
