//! The auction's rules from outside: the worked cases, and properties against an enumerator.

mod cases;
mod enumerator;
mod facts;
mod played;
mod properties;
mod rotation;
mod small_auction;
mod two_step;
mod worked_case;
