//! Endpoints of the chapter “read marker”.

mod set_read_marker;
