//! Endpoints of the chapter “send”.
