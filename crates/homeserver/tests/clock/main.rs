//! What ends by itself, by a clock that is moved.

mod app_lock;
mod biometrics;
mod hospital;
mod tokens;
