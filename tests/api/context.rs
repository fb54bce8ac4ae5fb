//! Endpoints of the chapter “context”.
