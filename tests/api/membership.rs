//! Endpoints of the chapter “membership”.
