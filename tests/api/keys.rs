//! Endpoints of the chapter “keys”.
