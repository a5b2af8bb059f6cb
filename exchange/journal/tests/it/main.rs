//! The journal over its public face, on a disk that forgets what was not synced.
#![expect(clippy::indexing_slicing, reason = "a test stops at the first place that is not there")]

mod archiving;
mod damage;
mod disk;
mod failures;
mod files;
mod fixtures;
mod fuzz;
mod power_cut;
mod reading;
mod records;
mod repairing;
mod room;
mod writing;
