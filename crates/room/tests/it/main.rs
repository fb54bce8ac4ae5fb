//! The room engine from outside, one file per chapter.

mod building;
mod figures;
mod forks;
mod graph;
mod world;
