//! Endpoints of the chapter “uiaa”.
