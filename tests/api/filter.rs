//! Endpoints of the chapter “filter”.

mod create_filter;
