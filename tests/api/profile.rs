//! Endpoints of the chapter “profile”.
