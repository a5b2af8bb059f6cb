//! The numbers of the process. `docs/operations.md` lists them; what changes here changes there.

use core::time::Duration;
use std::time::Instant;

use exchange_cluster::Standing;
use exchange_control::{Backend as _, JournalState, JournalStatus, Metric, MetricKind, MetricValue, Sample};
use exchange_node::Tally;
use exchange_protocol::SaleKind;

use super::ControlBackend;
use crate::outbox::{Attempt, Channel, OutboxFigures};
use crate::wall_clock;

impl ControlBackend {
    /// Returns what this process counts and how far it is.
    pub(super) fn numbers(&self) -> Vec<Metric> {
        let mut metrics = vec![
            gauge("ready", "1 while new leads are taken.", u64::from(self.readiness().reasons.is_empty())),
            gauge("catalog_version", "The version of the catalog in force.", self.catalog().version),
            gauge(
                "counters_used",
                "Counters of caps and budgets that count something, of limits.cells_max.",
                count(self.shared.counters().cells_used()),
            ),
        ];
        metrics.extend(of_sales(&self.shared.tally()));
        metrics.extend(of_journal(&self.journal()));
        metrics.extend(of_outbox(&self.figures));
        if let Some(progress) = &self.mirror {
            metrics.extend(of_mirror(&progress.standing(Instant::now())));
        }
        metrics
    }
}

fn of_sales(tally: &Tally) -> Vec<Metric> {
    let kinds = [SaleKind::OneCall, SaleKind::TwoStep];
    let admitted = kinds.into_iter().zip(tally.admitted);
    let admitted = admitted.map(|(kind, count)| (vec![("kind", name_of(kind))], count));
    let ended = tally.ended.iter().map(|(kind, end, count)| {
        let mut labels = vec![("kind", name_of(*kind)), ("status", end.status())];
        if !end.reason().is_empty() {
            labels.push(("reason", end.reason()));
        }
        (labels, *count)
    });
    let outcomes = ["accepted", "failed", "unknown"].into_iter().zip(tally.posts);
    let posts = outcomes.map(|(outcome, count)| (vec![("outcome", outcome)], count));
    let labelled = |named, counts: Vec<_>| Metric::labelled(MetricKind::Counter, named, counts);
    vec![
        labelled(("leads", "Leads and pings that were taken."), admitted.collect()),
        labelled(("auctions", "Auctions that ended, by how."), ended.collect()),
        labelled(("posts", "Posts that ended, by how; unknown ones may be sold later."), posts.collect()),
        Metric::counter("sales", "Sales, those among them that were found out later.", tally.sales),
        Metric::counter("requests_shed", "Requests that were refused for want of room.", tally.shed),
        gauge("auctions_open", "Auctions in flight or with offers that are held.", tally.open),
        gauge("posts_unknown_open", "Posts whose outcome nobody knows yet.", tally.unknown),
    ]
}

fn of_journal(journal: &JournalState) -> Vec<Metric> {
    let running = u64::from(journal.status == JournalStatus::Running);
    let behind = journal.durable.saturating_sub(journal.projected);
    let lag = Duration::from_millis(journal.projector_lag_ms);
    vec![
        gauge("journal_running", "1 while the journal takes new leads' records.", running),
        gauge("journal_durable_sequence", "The number of the last record on disk.", journal.durable),
        Metric::gauge(
            "journal_backlog",
            "What waits for the disk.",
            MetricValue::Bytes(journal.backlog_bytes),
        ),
        gauge("journal_segments", "Files of the journal that are in place.", journal.segments),
        Metric::gauge(
            "journal_free",
            "Free space where the journal is.",
            MetricValue::Bytes(journal.free_bytes),
        ),
        gauge("projector_lag_records", "Records on disk that are not in the store yet.", behind),
        Metric::gauge(
            "projector_lag",
            "How long the oldest record has waited that is not in the store yet.",
            MetricValue::Time(lag),
        ),
    ]
}

fn of_outbox(figures: &OutboxFigures) -> Vec<Metric> {
    let label = |channel: Channel| vec![("channel", channel.name())];
    let attempts = Channel::ALL.into_iter().flat_map(|channel| {
        Attempt::ALL.map(|attempt| {
            let labels = [label(channel), vec![("outcome", attempt.name())]].concat();
            (labels, figures.counted(channel, attempt))
        })
    });
    let waiting = Channel::ALL.map(|channel| (label(channel), figures.waiting(channel)));
    let now = wall_clock::utc_now();
    let lags = Channel::ALL.map(|channel| Sample {
        labels: label(channel),
        value: MetricValue::Time(figures.lag(channel, now)),
    });
    vec![
        Metric::labelled(
            MetricKind::Counter,
            ("outbox_messages", "Attempts to tell a receiver something, by how they ended."),
            attempts,
        ),
        Metric::labelled(
            MetricKind::Gauge,
            ("outbox_receivers_waiting", "Receivers for whom something waits."),
            waiting,
        ),
        Metric {
            name: "outbox_lag",
            help: "How long ago that happened which a receiver has waited longest to be told.",
            kind: MetricKind::Gauge,
            samples: lags.to_vec(),
        },
    ]
}

fn of_mirror(standing: &Standing) -> Vec<Metric> {
    let failures = standing.failures.map(|(failure, count)| (vec![("reason", failure.name())], count));
    vec![
        gauge("redis_mirror_following", "1 while Redis takes the mirror.", u64::from(standing.following)),
        Metric::gauge(
            "redis_mirror_lag",
            "How old the oldest counter may be that Redis shows.",
            MetricValue::Time(standing.lag),
        ),
        Metric::labelled(
            MetricKind::Counter,
            ("redis_mirror_errors", "How often Redis did not take the mirror, by why."),
            failures,
        ),
        Metric::counter(
            "redis_mirror_counters_written",
            "Counters that were written into Redis.",
            standing.written,
        ),
        Metric::counter("redis_mirror_rewrites", "How often everything was written anew.", standing.rewrites),
    ]
}

/// Returns how sellers may call a kind of sale.
const fn name_of(kind: SaleKind) -> &'static str {
    match kind {
        SaleKind::OneCall => "one_call",
        SaleKind::TwoStep => "two_step",
    }
}

fn gauge(name: &'static str, help: &'static str, value: u64) -> Metric {
    Metric::gauge(name, help, MetricValue::Count(value))
}

fn count(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
