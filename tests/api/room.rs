//! Endpoints of the chapter “room”.
