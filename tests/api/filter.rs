//! Endpoints of the chapter “filter”.
