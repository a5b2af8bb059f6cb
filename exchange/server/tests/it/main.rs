//! The exchange as its sellers, buyers and operators meet it: real processes, real sockets, real files.
//!
//! Every test starts an exchange and simulated buyers of its own, on ports that the system chooses, in a
//! folder that goes with the test. What buyers got is read from their own log, which is an independent
//! witness: the exchange has no part in it.
#![expect(
    clippy::indexing_slicing,
    reason = "a key that is missing in JSON reads as null, and the test fails"
)]

mod authority;
mod buyer_persons;
mod buyers;
mod catalog;
mod exchange;
mod http2_client;
mod inbox;
mod lead;
mod listener;
mod market;
mod process;
mod redis_server;
mod scripted;
mod seller;
mod tracker;

mod archived;
mod bad_input;
mod caps;
mod catalog_change;
mod copies;
mod deadline;
mod disk;
mod drain;
mod duplicates;
mod earlier;
mod hostile_market;
mod http;
mod http2_and_tls;
mod journal_files;
mod killed;
mod late_answers;
mod limits;
mod links;
mod listener_tls;
mod metrics;
mod mirrored;
mod outbox;
mod persons;
mod prepaid;
mod rebuilt;
mod recovered;
mod reloading;
mod repeated_pings;
mod replay;
mod resolving;
mod restart;
mod rules;
mod sale_life;
mod sources;
mod stops;
mod suppressions;
mod test_mode;
mod two_step;
mod unknown;
mod validation;
mod worked_cases;
