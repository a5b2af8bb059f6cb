//! JSON, read and written without a tree.
//!
//! [`Reader`] pulls values out of a body one after the other and borrows texts from it; [`Writer`] appends
//! to a buffer. `serde_json` is the yardstick of their tests and not used at run time: it reads numbers
//! through floats, takes duplicate keys in what it skips, and stops at the first wrong field, where a
//! seller is told of every one at once.

mod fault;
mod reader;
mod seen_keys;
mod text;
mod writer;

pub(crate) use fault::{Fault, JsonError};
pub(crate) use reader::{Elements, Item, Members, Reader};
pub(crate) use writer::Writer;

#[cfg(test)]
mod tests;
