//! Endpoints of the chapter “end-to-end encryption keys”.

mod claim_keys;
mod get_key_changes;
mod get_keys;
pub mod signing;
mod upload_keys;
mod upload_signatures;
mod upload_signing_keys;
