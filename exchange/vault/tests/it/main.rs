//! The vault over a disk that fails and loses what was not synced, and over real files.
#![expect(clippy::indexing_slicing, reason = "a test may fail by panicking")]

mod disk;
mod erasing;
mod faults;
mod model;
mod real_files;
mod slot_files;
mod world;
