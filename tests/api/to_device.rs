//! Endpoints of the chapter “send-to-device messaging”.

mod send_event_to_device;
