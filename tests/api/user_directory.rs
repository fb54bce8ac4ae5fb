//! Endpoints of the chapter “user directory”.
