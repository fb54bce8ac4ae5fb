//! Endpoints of the chapter “relations”.
