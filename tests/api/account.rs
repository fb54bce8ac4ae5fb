//! Endpoints of the chapter “account”.

mod whoami;
