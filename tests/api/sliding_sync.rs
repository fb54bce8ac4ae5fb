//! Endpoints of the chapter “sliding sync”.
