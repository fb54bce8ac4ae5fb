//! Endpoints of the chapter “typing”.
