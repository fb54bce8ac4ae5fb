//! The server in operation: broken data is found and named, disks fill up and fail, clients are slow or hostile, the
//! operator's commands work beside it.

mod clients;
mod commands;
mod doctor;
mod faults;
mod metrics;
mod tls;
