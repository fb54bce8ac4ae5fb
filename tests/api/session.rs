//! Endpoints of the chapter “session”.

mod login;
mod logout;
mod refresh_token;
