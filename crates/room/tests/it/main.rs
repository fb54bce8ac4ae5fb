//! The room engine from outside, one file per chapter.

mod building;
mod figures;
mod forks;
mod graph;
mod properties;
mod rules;
mod vectors;
mod views;
mod world;
