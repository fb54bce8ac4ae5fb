//! Endpoints of the chapter “receipt”.

mod create_receipt;
mod delivered;
