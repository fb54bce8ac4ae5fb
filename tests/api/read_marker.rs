//! Endpoints of the chapter “read marker”.
