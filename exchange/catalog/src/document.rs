//! The tree of a TOML file with the place of every value: the raw model of a catalog.
//!
//! A [`Node`] reads its value as what the caller expects and reports a mistake by itself; reading goes on,
//! so that one run finds every mistake. A [`Table`] remembers which keys were asked for, so that every key
//! that the catalog does not know is reported by [`Table::finish`].

mod node;
mod report;
mod table;

pub(crate) use node::{Node, Range};
pub(crate) use report::{Place, Report};
pub(crate) use table::Table;
