//! Tests of the simulation itself: that it repeats, that it checks, and that it finds what is broken on purpose.

mod breaks;
mod repeats;
