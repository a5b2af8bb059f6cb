//! The engine from outside: inputs in, effects out, no clock but the test's own.
#![expect(clippy::expect_used, reason = "a test stops at the first thing that is not as it says")]

mod allocations;
mod catalog;
mod companies;
mod deadlines;
mod durability;
mod face;
mod market;
mod order;
mod restoring;
mod seller_posts;
mod selling;
mod settling;
mod two_step;
