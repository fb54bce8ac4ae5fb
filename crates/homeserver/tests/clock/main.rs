//! What ends by itself, by a clock that is moved.

mod app_lock;
mod hospital;
mod tokens;
