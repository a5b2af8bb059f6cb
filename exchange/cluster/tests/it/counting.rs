//! [`Counting`]: counters that sell, and their mirror.

use core::ops::ControlFlow;
use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use exchange_catalog::{CompileOptions, Snapshot, SourceFile, compile};
use exchange_cluster::{Address, MirrorConfig, Password, Progress, Standing, Trust, keep_mirroring};
use exchange_counters::{CapTable, Counters, CountersConfig, Owner};
use exchange_types::{Amount, CampaignIndex, UtcMicros};
use tokio::task::JoinHandle;

use crate::redis_server::{RedisServer, eventually};

const CATALOG: &str = r#"
[verticals.solar]
currency = "EUR"
[verticals.solar.fields.phone]
type = "phone"
country = "DE"
required = "post"
[sellers.acme.agreements.solar]
payout = { margin = "20%" }
[buyers.north]
legal_name = "North"
time_zone = "Etc/UTC"
prepaid = true
caps = { sold = { week = 500 } }
[campaigns.alps]
buyer = "north"
vertical = "solar"
ping = { url = "https://north.example/ping" }
post = { url = "https://north.example/post" }
signing_secrets = ["env:ANY"]
caps = { sold = { total = 100 }, sent = { hour = 300 }, budget = { day = "900.00", month = "9000.00" } }
[campaigns.coast]
buyer = "north"
vertical = "solar"
ping = { url = "https://north.example/ping" }
post = { url = "https://north.example/post" }
signing_secrets = ["env:ANY"]
caps = { sold = { day = 7 } }
"#;

/// What a lead costs: 4.00.
const PRICE: Amount = Amount::from_micros(4_000_000);

/// What stands in Redis: a key with what is posted, pending and the limit.
pub(crate) type Shown = BTreeMap<String, [i64; 3]>;

/// Counters that sell, and their mirror.
pub(crate) struct Counting {
    pub(crate) counters: Arc<Counters>,
    pub(crate) began: UtcMicros,
    table: Arc<CapTable>,
    progress: Arc<Progress>,
    task: JoinHandle<()>,
}

/// How a mirror reaches its Redis; the rest is that of every test.
pub(crate) struct Way {
    pub(crate) address: Address,
    pub(crate) trust: Trust,
    pub(crate) password: Option<Box<Password>>,
}

impl Way {
    pub(crate) fn to(server: &RedisServer) -> Self {
        let address = format!("unix://{}", server.socket().display());
        let address = Address::parse(&address).expect("an address");
        Self { address, trust: Trust::new(None).expect("trust"), password: None }
    }
}

impl Counting {
    /// Begins to sell and to mirror.
    pub(crate) fn start(way: Way) -> Self {
        let counters = Arc::new(Counters::new(CountersConfig { cells_max: 32, ..CountersConfig::default() }));
        let began = utc_now();
        counters.deposit("north", Amount::from_micros(5_000_000_000));
        let table = counters.refresh(&snapshot(began), began);
        let progress = Arc::new(Progress::new(Instant::now()));
        let Way { address, trust, password } = way;
        let config = MirrorConfig {
            address,
            trust,
            password,
            every: Duration::from_millis(10),
            timeout: Duration::from_millis(300),
            clock: utc_now,
        };
        let task = tokio::spawn(keep_mirroring(Arc::clone(&counters), config, Arc::clone(&progress)));
        Self { counters, began, table, progress, task }
    }

    /// Sells a lead, and leaves another one's post open.
    pub(crate) fn sell(&self) {
        let reserve = || self.table.reserve(CampaignIndex(0), self.began, PRICE).expect("room");
        let mut sold = reserve();
        self.counters.cells().sent(&mut sold);
        self.counters.cells().commit(sold, PRICE);
        // It is never ended, as after a crash.
        drop(reserve());
    }

    pub(crate) fn standing(&self) -> Standing {
        self.progress.standing(Instant::now())
    }

    /// Returns what the counters say, by the documented names.
    pub(crate) fn counted(&self) -> Shown {
        let mut counted = Shown::new();
        let read = self.counters.read_after(None, |key, reading| {
            let (owner, name) = match &key.owner {
                Owner::Campaign(name) => ("campaign", name),
                Owner::Buyer(name) => ("buyer", name),
            };
            let kind = format!("{:?}", key.kind).to_lowercase();
            let key = format!("px:1:{owner}:{name}:{kind}:{}", key.window);
            counted.insert(key, [reading.posted, reading.pending, reading.limit]);
            ControlFlow::Continue(())
        });
        assert!(read.is_continue());
        counted
    }

    /// Waits until Redis shows what the counters say, no more and no less.
    #[track_caller]
    pub(crate) fn is_shown_in(&self, server: &RedisServer) {
        let (counted, mut shown) = (self.counted(), Shown::new());
        eventually("Redis shows the counters", || {
            shown = shown_in(server);
            shown == counted && self.standing().following
        });
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Returns what stands in Redis.
pub(crate) fn shown_in(server: &RedisServer) -> Shown {
    let keys = server.ask(&["KEYS", "px:1:*:*"]);
    let number = |text: Option<&String>| text.and_then(|text| text.parse().ok()).unwrap_or(i64::MIN);
    let mut shown = Shown::new();
    // redis-cli writes an empty line where there is none.
    for key in keys.into_iter().filter(|key| !key.is_empty()) {
        let fields = server.fields(&key);
        assert!(fields.len() <= 3, "{key}: {fields:?}");
        let values = ["posted", "pending", "limit"].map(|name| number(fields.get(name)));
        shown.insert(key, values);
    }
    shown
}

fn snapshot(now: UtcMicros) -> Snapshot {
    let file = SourceFile { name: "catalog.toml".to_owned(), text: CATALOG.to_owned() };
    let secrets = |_: &str| Some("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned());
    let options =
        CompileOptions { version: 1, now, secrets: &secrets, allow_http: false, source_names: None };
    compile(&[file], &options).expect("a valid catalog").0
}

#[expect(clippy::disallowed_methods, reason = "the one place where these tests read the wall clock")]
fn utc_now() -> UtcMicros {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
    UtcMicros(i64::try_from(since.as_micros()).expect("before the year 290,000"))
}
