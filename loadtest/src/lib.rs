//! Load for an exchange, with a completeness check of every answer.
//!
//! An outside party: it knows the wire contract and nothing of the exchange's code. Leads are made from
//! a scenario file, the same ones in every run of a seed; submissions start when they are meant to,
//! whatever the exchange does, and latency counts from the intended start. Every call and answer goes
//! into the sellers' own log, to be compared with what buyers saw.

mod answer;
mod arguments;
mod clock;
mod completeness;
mod connections;
mod duration_text;
mod lead;
mod pacer;
mod persistent;
mod processor_time;
mod recorder;
mod report;
mod run;
pub mod scenario;
mod schedule;
mod seller;
mod submission;
mod witness;

pub use arguments::{Arguments, ArgumentsError};
pub use completeness::CallKind;
pub use connections::Target;
pub use duration_text::{DurationText, DurationTextError};
pub use lead::{Lead, LeadMaker};
pub use pacer::Extent;
pub use persistent::{Persistence, PersistenceReport, persist};
pub use processor_time::WatchedProcess;
pub use report::{CallReport, Percentiles, ProcessReport, Report};
pub use run::{Load, Options, RunError, run};
pub use scenario::{Percentage, Scenario, ScenarioError};
pub use schedule::{Arrivals, Schedule};
