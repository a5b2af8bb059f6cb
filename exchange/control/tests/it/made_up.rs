//! An exchange that is made up: it answers from what a test gave it.
//!
//! Its reads ignore the scope on purpose, so that what a caller gets shows what the routes themselves leave out.

mod books;
pub(crate) mod deals;
pub(crate) mod persons;
mod replays;
pub(crate) mod stops;
mod suppressions;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use exchange_catalog::{CompileOptions, Diagnostic, Severity, Snapshot, SourceFile, compile};
use exchange_control::{
    Applied, ApplyError, Backend, CatalogSummary, ChangeSale, ChangeSaleError, Filter, JournalState,
    JournalStatus, KeysError, ListError, Listed, ListedKey, Metric, MetricKind, MetricValue, MoveError,
    Movement, Page, PersonError, PostWord, PostWordError, Principal, Readiness, ReloadError, Reloaded,
    ReplayChanges, ReplayError, Role, StopError, SuppressError, Unavailable, WantedStop,
};
use exchange_protocol::{Account, SuppressionList};
use exchange_types::{AuctionId, UtcMicros};
use exchange_wire::KeyMode;

#[derive(Default)]
pub(crate) struct MadeUp {
    pub(crate) account: Option<Account>,
    pub(crate) shard_is_gone: bool,
    pub(crate) not_ready: Vec<&'static str>,
    pub(crate) keys_damaged: bool,
    /// What was put, in order.
    pub(crate) put: Arc<Mutex<Vec<SourceFile>>>,
    /// What reached the exchange besides, in order.
    pub(crate) seen: Arc<Mutex<Vec<Seen>>>,
    pub(crate) fails: Fails,
}

/// What a route handed over.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Seen {
    Query(Filter, Page),
    Word(PostWord),
    Change(ChangeSale),
    Movement(Movement),
    /// Phone and address.
    Person(Option<String>, Option<String>),
    Erase(String),
    Acknowledge(String),
    Replay(ReplayChanges),
    Stop(WantedStop),
    Start(String),
    /// Which list, whose and whether to put on it; who; by whom.
    Suppress((SuppressionList, Box<str>, bool), Vec<String>, Box<str>),
}

/// How what is asked fails, where it does.
#[derive(Default)]
pub(crate) struct Fails {
    /// Neither store nor shard answers.
    pub(crate) silent: bool,
    pub(crate) word: Option<PostWordError>,
    pub(crate) change: Option<ChangeSaleError>,
    pub(crate) movement: Option<MoveError>,
    pub(crate) person: Option<PersonError>,
    pub(crate) replay: Option<ReplayError>,
    pub(crate) stop: Option<StopError>,
    pub(crate) suppress: Option<SuppressError>,
    /// Changes were made before.
    pub(crate) replayed: bool,
    pub(crate) ledger_damaged: bool,
}

impl MadeUp {
    pub(crate) fn failing(fails: Fails) -> Self {
        Self { fails, ..Self::default() }
    }

    fn note(&self, seen: Seen) {
        self.seen.lock().expect("no test panicked").push(seen);
    }

    fn answers(&self) -> Result<(), Unavailable> {
        if self.fails.silent { Err(Unavailable) } else { Ok(()) }
    }
}

impl Backend for MadeUp {
    async fn account(&self, id: AuctionId) -> Result<Option<Box<Account>>, Unavailable> {
        if self.shard_is_gone {
            return Err(Unavailable);
        }
        let known = self.account.as_ref().filter(|account| account.story.id == id.0);
        Ok(known.cloned().map(Box::new))
    }

    fn readiness(&self) -> Readiness {
        Readiness { reasons: self.not_ready.clone() }
    }

    fn journal(&self) -> JournalState {
        JournalState {
            status: JournalStatus::Running,
            durability: "sync",
            sequence: 120,
            durable: 110,
            projected: 100,
            projector_lag_ms: 7,
            backlog_bytes: 4_096,
            segments: 3,
            free_bytes: 1 << 30,
        }
    }

    /// Every kind and unit, with labels and without.
    fn metrics(&self) -> Vec<Metric> {
        let of = |reason| (vec![("kind", "one_call"), ("reason", reason)], 2);
        vec![
            Metric::counter("sales", "Leads that were bought.", 7),
            Metric::labelled(MetricKind::Counter, ("auctions", "Auctions."), [of("no_bid"), of("timeout")]),
            Metric::gauge("journal_free", "Free.", MetricValue::Bytes(1 << 30)),
            Metric::gauge("redis_mirror_lag", "Lag.", MetricValue::Time(Duration::from_millis(1_250))),
        ]
    }

    fn catalog(&self) -> CatalogSummary {
        CatalogSummary::from(&snapshot())
    }

    /// Refuses a catalog that has a file named `bad.toml`, and cannot store one named `full.toml`.
    async fn apply(&self, files: Vec<SourceFile>) -> Result<Applied, ApplyError> {
        let found = |severity, line| Diagnostic {
            severity,
            file: "bad.toml".to_owned(),
            line,
            column: 5,
            path: "campaigns.north.vertical".to_owned(),
            message: "unknown vertical \"solr\"".to_owned(),
            remedy: "did you mean \"solar\"?".to_owned(),
        };
        let named = |name: &str| files.iter().any(|file| file.name == name);
        if named("full.toml") {
            return Err(ApplyError::Store(std::io::Error::other("no space left")));
        }
        if named("bad.toml") {
            return Err(ApplyError::Refused(vec![found(Severity::Warning, 1), found(Severity::Error, 2)]));
        }
        self.put.lock().expect("no test panicked").extend(files);
        Ok(Applied { version: 8, warnings: vec![found(Severity::Warning, 1)] })
    }

    fn authenticate(&self, bearer: &str) -> Option<Arc<Principal>> {
        let (role, name) = bearer.split_once('-')?;
        let (mode, name) = match name.strip_prefix("test-") {
            Some(name) => (KeyMode::Test, name),
            None => (KeyMode::Live, name),
        };
        Some(Arc::new(Principal { role: Role::from_name(role)?, name: name.into(), mode }))
    }

    async fn reload(&self) -> Result<Reloaded, ReloadError> {
        if self.keys_damaged {
            return Err(ReloadError("keys.toml: key 3: owner is wrong".to_owned()));
        }
        Ok(Reloaded { changed: vec!["log"], keys: 2, catalog_version: 7 })
    }

    fn reload_keys(&self) -> Result<usize, KeysError> {
        if self.keys_damaged { Err(KeysError("keys.toml: key 3: owner is wrong".to_owned())) } else { Ok(2) }
    }

    async fn keys(&self, page: Page) -> Result<Listed<ListedKey>, ListError> {
        let key = |prefix: &str, mode, revoked_at| ListedKey {
            prefix: prefix.into(),
            role: Role::Seller,
            name: "acme".into(),
            mode,
            created_at: UtcMicros(0),
            revoked_at,
        };
        match page.cursor.as_deref() {
            None => Ok(Listed { items: vec![key("px_test_b", KeyMode::Test, None)], next: Some("1".into()) }),
            Some("1") => Ok(Listed {
                items: vec![key("px_live_a", KeyMode::Live, Some(UtcMicros(1_000)))],
                next: None,
            }),
            Some(_) => Err(ListError::Cursor),
        }
    }
}

/// Three campaigns of two buyers in one vertical.
pub(crate) fn snapshot() -> Snapshot {
    let text = r#"
[verticals.solar]
currency = "EUR"
[verticals.solar.fields.phone]
type = "phone"
country = "DE"
required = "post"
[sellers.acme.agreements.solar]
payout = { margin = "20%" }
[buyers.north]
legal_name = "North Solar GmbH"
time_zone = "Europe/Berlin"
[buyers.south]
legal_name = "South Solar GmbH"
time_zone = "Europe/Berlin"
[campaigns.alps]
buyer = "south"
vertical = "solar"
ping = { url = "https://south.example/ping" }
post = { url = "https://south.example/post" }
signing_secrets = ["env:ANY"]
[campaigns.coast]
buyer = "north"
vertical = "solar"
ping = { url = "https://north.example/ping" }
post = { url = "https://north.example/post" }
signing_secrets = ["env:ANY"]
[campaigns.delta]
buyer = "north"
vertical = "solar"
paused = true
ping = { url = "https://north.example/ping" }
post = { url = "https://north.example/post" }
signing_secrets = ["env:ANY"]
"#;
    let file = SourceFile { name: "catalog.toml".to_owned(), text: text.to_owned() };
    let secrets = |_: &str| Some("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned());
    let now = UtcMicros(1_795_132_800_000_000);
    let options =
        CompileOptions { version: 7, now, secrets: &secrets, allow_http: false, source_names: None };
    let (snapshot, _) = compile(&[file], &options).expect("a valid catalog");
    snapshot
}
