//! Endpoints of the chapter “device”.
