//! Endpoints of the chapter “account”.

mod change_password;
mod deactivate;
mod register;
mod whoami;
