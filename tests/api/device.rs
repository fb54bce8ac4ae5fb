//! Endpoints of the chapter “device”.

mod delete_device;
mod get_devices;
