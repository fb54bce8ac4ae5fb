//! The room engine from outside, one file per chapter.

mod building;
mod world;
