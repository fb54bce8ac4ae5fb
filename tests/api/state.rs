//! Endpoints of the chapter “state”.
