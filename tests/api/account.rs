//! Endpoints of the chapter “account”.

mod change_password;
mod deactivate;
mod register;
mod request_openid_token;
mod third_party_ids;
mod whoami;
