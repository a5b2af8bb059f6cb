//! Runs against a small exchange of this file's own making.

mod configs;
mod fake_exchange;
mod persistent;
mod process;
mod runs;
