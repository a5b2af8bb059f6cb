//! The atomics of the cells: the standard library's, or loom's where every interleaving is tried.

#[cfg(not(loom))]
pub(crate) use core::sync::atomic::{AtomicI64, AtomicU32, Ordering};
#[cfg(loom)]
pub(crate) use loom::sync::atomic::{AtomicI64, AtomicU32, Ordering};
