//! Endpoints of the chapter “receipt”.
