//! Reports to the administrators.

mod report_content;
mod report_room;
mod report_user;
