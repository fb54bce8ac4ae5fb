//! Endpoints of the chapter “session”.

mod get_login_token;
mod login;
mod logout;
mod refresh_token;
