//! Endpoints of the chapter “directory”.
