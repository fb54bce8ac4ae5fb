//! The requirements catalogue, row by row: each module of tests is named after the ID of its row, and
//! `rows.toml` says what it shows.

mod app;
mod picture;

mod ii_a_clear_messages_are_refused;
mod ii_a_no_plaintext_on_server_or_device;
mod j_1_clinicians_chat;
