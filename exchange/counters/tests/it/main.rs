//! Counters as the node uses them.

mod balances;
mod catalog;
mod cell;
mod hammer;
mod holds;
mod model;
mod reservations;
