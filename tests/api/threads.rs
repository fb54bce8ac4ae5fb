//! Endpoints of the chapter “threads”.
