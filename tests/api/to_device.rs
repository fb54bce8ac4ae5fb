//! Endpoints of the chapter “to device”.
