//! The requirements catalogue, row by row: each module is named after the ID of its row.
