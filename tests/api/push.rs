//! Endpoints of the chapter “push”.
