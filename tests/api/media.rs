//! Endpoints of the chapter “media”.
