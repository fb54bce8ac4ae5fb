//! Endpoints of the chapter “discovery”.
