//! Endpoints of the chapter “user directory”.

mod search_users;
