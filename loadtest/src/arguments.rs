//! [`Arguments`]: the command line.

use std::net::ToSocketAddrs as _;
use std::path::PathBuf;

use clap::Parser;

use crate::DurationText;
use crate::connections::Target;
use crate::pacer::Extent;
use crate::persistent::Persistence;
use crate::processor_time::WatchedProcess;
use crate::run::{Load, Options};
use crate::scenario::{Mode, Percentage, Scenario, ScenarioError};
use crate::schedule::Arrivals;

/// Sends leads to an exchange as a scenario says, checks every answer, and reports.
///
/// The loop is open unless --concurrency is given: submissions start when they are meant to, and
/// latency counts from the intended start. With --until-final sellers ask until they know. Ends with 0 if every answer was complete and every
/// threshold of the scenario reached, else with 1.
#[derive(Clone, Debug, Parser)]
#[command(name = "loadtest", version)]
pub struct Arguments {
    /// Scenario file (TOML).
    #[arg(long, short, value_name = "FILE")]
    pub scenario: PathBuf,
    /// Seller listener of the exchange, http://HOST:PORT.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub url: String,
    /// Key of a seller.
    #[arg(long, value_name = "KEY", env = "LOADTEST_API_KEY", hide_env_values = true)]
    pub api_key: String,
    /// Submissions a second in an open loop.
    #[arg(long, value_name = "NUMBER", default_value_t = 50.0, value_parser = rate)]
    pub rate: f64,
    /// How the submissions of an open loop are spread.
    #[arg(long, value_enum, default_value_t)]
    pub arrivals: Arrivals,
    /// Submissions under way at a time: makes the loop a closed one.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..))]
    pub concurrency: Option<u16>,
    /// How long to submit; 10s unless --count is given.
    #[arg(long, value_name = "TIME")]
    pub duration: Option<DurationText>,
    /// How many submissions to make.
    #[arg(long, value_name = "NUMBER")]
    pub count: Option<u64>,
    /// What comes before is checked but not measured.
    #[arg(long, value_name = "TIME", default_value = "0s")]
    pub warmup: DurationText,
    /// Fixes leads and arrivals.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub seed: u64,
    /// Number of the first lead; a second run against one exchange needs another range of persons.
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub first: u64,
    /// One call or two steps, in place of the scenario's mode.
    #[arg(long, value_name = "MODE", value_enum)]
    pub mode: Option<Mode>,
    /// Leads of this vertical alone.
    #[arg(long, value_name = "NAME")]
    pub vertical: Option<String>,
    /// How often each submission is sent, over connections of their own, at once.
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub copies: u32,
    /// The most connections.
    #[arg(long, value_name = "NUMBER", default_value_t = 512, value_parser = clap::value_parser!(u16).range(1..))]
    pub connections: u16,
    /// How long an answer is awaited.
    #[arg(long, value_name = "TIME", default_value = "30s")]
    pub timeout: DurationText,
    /// Process whose processor time is reported, NAME=PID; may be given several times.
    #[arg(long, value_name = "NAME=PID", value_parser = watched)]
    pub pid: Vec<WatchedProcess>,
    /// File for the report as JSON.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// The sellers' log, JSON lines: every call with its answer.
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
    /// Ask again until every answer is final, at most so long after the last submission; SIGTERM makes the
    /// present one the last.
    #[arg(long, value_name = "TIME", conflicts_with_all = ["concurrency", "copies"])]
    pub until_final: Option<DurationText>,
    /// Share of the final answers that are asked for again, soon and at the end of the run.
    #[arg(long, value_name = "PERCENTAGE", default_value = "0%", value_parser = percentage, requires = "until_final")]
    pub ask_again: Percentage,
    /// By when that happens the first time, after the final answer.
    #[arg(long, value_name = "TIME", default_value = "20s", requires = "until_final")]
    pub ask_again_within: DurationText,
    /// How many broken promises are shown in full.
    #[arg(long, value_name = "NUMBER", default_value_t = 20)]
    pub show: usize,
}

/// Why the arguments cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ArgumentsError {
    /// The URL is none of the form that is understood.
    #[error("`{url}` is no URL of the form http://HOST:PORT")]
    Url {
        /// The URL given.
        url: String,
    },
    /// The host has no address.
    #[error("resolve {authority}")]
    Resolve {
        /// Host and port.
        authority: String,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
}

impl Arguments {
    /// Reads the scenario and puts the command line's values in place of its own.
    ///
    /// # Errors
    ///
    /// As [`Scenario::read`], or if the scenario has no leads of the vertical.
    pub fn scenario(&self) -> Result<Scenario, ScenarioError> {
        let mut scenario = Scenario::read(&self.scenario)?;
        scenario.mode = self.mode.unwrap_or(scenario.mode);
        if let Some(vertical) = &self.vertical {
            scenario.leads.retain(|kind| kind.vertical == *vertical);
        }
        if scenario.leads.iter().all(|kind| kind.weight == 0) {
            return Err(ScenarioError::NoLeads { file: self.scenario.clone() });
        }
        Ok(scenario)
    }

    /// Returns what the run does.
    ///
    /// # Errors
    ///
    /// Fails if the URL cannot be understood or its host has no address.
    pub fn options(&self) -> Result<Options, ArgumentsError> {
        let default_duration = self.count.is_none().then_some("10s").and_then(|text| text.parse().ok());
        let load = match self.concurrency {
            Some(concurrency) => Load::Closed { concurrency: concurrency.into() },
            None => Load::Open { rate: self.rate, arrivals: self.arrivals },
        };
        Ok(Options {
            target: self.target()?,
            load,
            extent: Extent {
                duration: self.duration.or(default_duration).map(|length: DurationText| length.0),
                count: self.count,
            },
            warmup: self.warmup.0,
            seed: self.seed,
            first: self.first,
            copies: self.copies,
            processes: self.pid.clone(),
            log: self.log.clone(),
            violations_shown: self.show,
        })
    }

    /// Returns how sellers ask until they know, if they do.
    pub fn persistence(&self) -> Option<Persistence> {
        self.until_final.map(|settle| Persistence {
            settle: settle.0,
            again: self.ask_again,
            again_within: self.ask_again_within.0,
        })
    }

    fn target(&self) -> Result<Target, ArgumentsError> {
        let authority = self.url.strip_prefix("http://").map(|rest| rest.trim_end_matches('/'));
        let Some(authority) = authority.filter(|text| text.contains(':') && !text.contains('/')) else {
            return Err(ArgumentsError::Url { url: self.url.clone() });
        };
        let resolve = |source| ArgumentsError::Resolve { authority: authority.to_owned(), source };
        let address = authority.to_socket_addrs().map_err(resolve)?.next();
        Ok(Target {
            address: address.ok_or_else(|| resolve(std::io::ErrorKind::NotFound.into()))?,
            authority: authority.to_owned(),
            api_key: self.api_key.clone(),
            connections_max: self.connections.into(),
            timeout: self.timeout.0,
        })
    }
}

fn percentage(text: &str) -> Result<Percentage, String> {
    Percentage::try_from(text.to_owned())
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(rate) if rate > 0.0 && rate <= 1e6 => Ok(rate),
        _ => Err("a rate lies above 0 and is at most a million".to_owned()),
    }
}

fn watched(text: &str) -> Result<WatchedProcess, String> {
    let process = text.split_once('=').and_then(|(name, pid)| Some((name, pid.parse().ok()?)));
    match process {
        Some((name, pid)) if !name.is_empty() => Ok(WatchedProcess { name: name.to_owned(), pid }),
        _ => Err("a process is given as NAME=PID".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from(format!("loadtest --scenario s.toml --api-key k {line}").split_whitespace())
    }

    #[test]
    fn the_loop_is_open_and_ten_seconds_long_by_default() {
        let options = parse("").expect("good arguments").options().expect("a good URL");
        assert_eq!(options.load, Load::Open { rate: 50.0, arrivals: Arrivals::Poisson });
        assert_eq!(options.extent.duration.map(|length| length.as_secs()), Some(10));
        let options = parse("--count 5 --concurrency 3 --pid exchange=7").expect("good arguments");
        let options = options.options().expect("a good URL");
        assert_eq!(options.load, Load::Closed { concurrency: 3 });
        assert_eq!((options.extent.duration, options.extent.count), (None, Some(5)));
        assert_eq!(options.processes, [WatchedProcess { name: "exchange".to_owned(), pid: 7 }]);
    }

    #[test]
    fn bad_arguments_are_refused() {
        for line in
            ["--rate 0", "--rate NaN", "--copies 0", "--pid 7", "--pid =7", "--duration 5", "--concurrency 0"]
        {
            assert!(parse(line).is_err(), "{line}");
        }
        for url in ["https://localhost:1", "http://localhost", "http://localhost:1/x", "localhost:1"] {
            let arguments = parse(&format!("--url {url}")).expect("judged later");
            assert!(matches!(arguments.options(), Err(ArgumentsError::Url { .. })), "{url}");
        }
    }
}
