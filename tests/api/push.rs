//! Endpoints of the chapter “push”.

mod get_notifications;
mod get_pushrules;
mod set_pusher;
mod set_pushrule;
