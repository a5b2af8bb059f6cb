//! A control listener over real sockets, in front of an exchange that notes what it is told.

use std::fmt::Debug;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use exchange_catalog::{CompileOptions, Diagnostic, SourceFile, compile};
use exchange_control::{
    Acknowledged, Applied, ApplyError, Backend, Balance, Books, CatalogSummary, ChangeSale, ChangeSaleError,
    ErasedId, ErasedLead, ErasureId, Filter, JournalState, JournalStatus, KeysError, Lead, LedgerEntry,
    LedgerReport, ListError, Listed, ListedKey, ListedPerson, Lists, Metric, MoveError, Moved, Movement,
    NextStep, Page, Person, PersonErased, PersonError, PersonExport, PersonLead, Persons, PostSettled,
    PostWord, PostWordError, Principal, Readiness, ReloadError, Reloaded, ReplayChanges, ReplayError,
    Replayed, Replays, Sale, SaleChanged, Sales, Scope, StopError, Stopped, Stops, SuppressError,
    SuppressionEntry, Suppressions, Unavailable, UnknownPost, Unknowns, WantedStop, WantedSuppression,
    WordEffect, router, serve,
};
use exchange_protocol::{Account, ResolvedBy, Stop, StopKind, SuppressionList};
use exchange_types::{Amount, AuctionId, Currency, LeadId, PostId, SaleId, StopId, UtcMicros, Uuid7};
use exchange_wire::KeyMode;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::cli::tests::SECRET;
use crate::keys::{KeyLimits, KeyStore, create_key};

/// 2026-11-21T10:00:00.125Z.
pub(super) const AT: UtcMicros = UtcMicros(1_795_255_200_125_000);

/// An exchange that compiles what it is given, has real keys, and notes what else it is told.
pub(super) struct Noting {
    keys: KeyStore,
    told: Mutex<Vec<String>>,
}

impl Noting {
    fn note(&self, what: impl Debug) {
        self.told.lock().expect("nobody panicked").push(format!("{what:?}"));
    }
}

pub(super) fn id() -> Uuid7 {
    Uuid7::new(AT, 7)
}

fn euro() -> Currency {
    Currency::parse("EUR").expect("a currency")
}

impl Unknowns for Noting {
    /// Two pages of one post each.
    async fn unknowns(&self, page: Page) -> Result<Listed<UnknownPost>, ListError> {
        let second = page.cursor.is_some();
        let post = UnknownPost {
            post: PostId(Uuid7::new(AT, if second { 8 } else { 7 })),
            sale: SaleId(id()),
            auction: AuctionId(id()),
            seller: "acme".into(),
            campaign: "north-solar".into(),
            buyer: "north".into(),
            vertical: "solar".into(),
            currency: euro(),
            price: Amount::from_micros(31_500_000),
            payout: Amount::from_micros(25_200_000),
            exclusive: true,
            intent_at: AT,
            attempts: 2,
            next: NextStep::Repost,
            next_at: None,
        };
        Ok(Listed { items: vec![post], next: (!second).then(|| "second".into()) })
    }

    async fn say(&self, word: PostWord) -> Result<PostSettled, PostWordError> {
        self.note((word.post, word.verdict, word.price, &word.reason));
        Ok(PostSettled {
            effect: WordEffect::Resolved,
            outcome: word.verdict.outcome(),
            price: word.price.unwrap_or_default(),
            payout: Amount::ZERO,
            currency: euro(),
            sale: SaleId(id()),
            by: Some(ResolvedBy::Person),
            at: AT,
        })
    }
}

impl Sales for Noting {
    async fn sales(&self, _: &Scope, _: Filter, _: Page) -> Result<Listed<Sale>, ListError> {
        Err(ListError::Unavailable)
    }

    async fn sale(&self, _: &Scope, _: SaleId) -> Result<Option<Sale>, Unavailable> {
        Ok(None)
    }

    async fn change_sale(&self, change: ChangeSale) -> Result<SaleChanged, ChangeSaleError> {
        self.note((change.sale, change.change, &change.note));
        Err(ChangeSaleError::NotFound)
    }
}

impl Books for Noting {
    async fn balances(&self, _: &Scope, filter: Filter, _: Page) -> Result<Listed<Balance>, ListError> {
        self.note((&filter.seller, &filter.buyer));
        let balance = |account: &str, micros| Balance { account: account.into(), currency: euro(), micros };
        let items = vec![balance("buyer:north prepaid", -500_000_000), balance("exchange margin", 1_000_000)];
        Ok(Listed { items, next: None })
    }

    async fn ledger(&self, _: &Scope, _: Filter, _: Page) -> Result<Listed<LedgerEntry>, ListError> {
        Err(ListError::Unavailable)
    }

    async fn move_balance(&self, movement: Movement) -> Result<Moved, MoveError> {
        let Movement { id, buyer, currency, amount, reference, by } = &movement;
        self.note((id, buyer, currency.code(), amount, reference, by));
        Ok(Moved { balance: movement.amount, at: AT, replayed: false })
    }

    async fn verify_ledger(&self) -> Result<LedgerReport, Unavailable> {
        Err(Unavailable)
    }
}

fn person_lead(seller: &str, erased: Option<UtcMicros>) -> PersonLead {
    PersonLead {
        lead: LeadId(id()),
        seller: seller.into(),
        vertical: "solar".into(),
        admitted: AT,
        buyers: Vec::new(),
        erased,
    }
}

impl Persons for Noting {
    async fn find_person(&self, person: Person, page: Page) -> Result<Listed<PersonLead>, PersonError> {
        let [phone, email] =
            [person.phone, person.email].map(|address| address.map(exchange_types::Pii::reveal));
        let lead = |seller: &str| person_lead(seller, None);
        if page.cursor.as_deref() == Some("second") {
            return Ok(Listed { items: vec![lead("globe")], next: None });
        }
        self.note((phone, email));
        Ok(Listed { items: vec![lead("acme")], next: Some("second".into()) })
    }

    async fn export_person(&self, _: Person, _: Page) -> Result<Listed<PersonExport>, PersonError> {
        Err(PersonError::Phone)
    }

    async fn erase_person(&self, _: Person, by: Box<str>) -> Result<PersonErased, PersonError> {
        self.note(by);
        let lead = person_lead("acme", Some(AT));
        Ok(PersonErased { request: ErasureId(id()), at: AT, leads: vec![lead] })
    }

    async fn erasures(&self, _: &Scope, _: Page) -> Result<Listed<ErasedLead>, ListError> {
        Err(ListError::Unavailable)
    }

    async fn acknowledge_erasure(
        &self,
        _: Box<str>,
        _: ErasedId,
    ) -> Result<Option<Acknowledged>, Unavailable> {
        Err(Unavailable)
    }
}

impl Replays for Noting {
    async fn replay(&self, auction: AuctionId, changes: ReplayChanges) -> Result<Box<Replayed>, ReplayError> {
        self.note((auction, changes));
        Err(ReplayError::Running)
    }
}

impl Lists for Noting {
    async fn leads(&self, _: &Scope, _: Filter, _: Page) -> Result<Listed<Lead>, ListError> {
        Err(ListError::Unavailable)
    }

    async fn lead(&self, _: &Scope, _: LeadId) -> Result<Option<(Lead, Vec<Sale>)>, Unavailable> {
        Err(Unavailable)
    }

    async fn auctions(&self, _: Filter, _: Page) -> Result<Listed<Lead>, ListError> {
        Err(ListError::Unavailable)
    }
}

impl Stops for Noting {
    /// The campaign `north-solar` is stopped.
    fn stops(&self, _: Page) -> Result<Listed<Stop>, ListError> {
        Ok(Listed { items: vec![stopped(StopKind::Campaign, "north-solar")], next: None })
    }

    async fn stop(&self, wanted: WantedStop) -> Result<Stopped, StopError> {
        let stop = stopped(wanted.kind, &wanted.name);
        self.note(wanted);
        Ok(Stopped { stop, replayed: false })
    }

    async fn start(&self, id: StopId, by: Box<str>) -> Result<Option<Stop>, Unavailable> {
        self.note((id.to_string(), by));
        Ok(Some(stopped(StopKind::Campaign, "north-solar")))
    }
}

impl Suppressions for Noting {
    async fn suppress(&self, wanted: WantedSuppression) -> Result<usize, SuppressError> {
        let WantedSuppression { list, buyer, on, entries, by } = wanted;
        let entries: Vec<String> = entries
            .into_iter()
            .map(|entry| match entry {
                ListedPerson::Phone(phone) => phone.reveal().into(),
                ListedPerson::Email(email) => email.reveal().into(),
                ListedPerson::Digest(digest) => format!("{digest:?}"),
            })
            .collect();
        let count = entries.len();
        self.note((list, buyer, on, entries, by));
        Ok(count)
    }

    async fn suppressions(
        &self,
        _: &Scope,
        list: Option<SuppressionList>,
        _: Page,
    ) -> Result<Listed<SuppressionEntry>, ListError> {
        let list = list.unwrap_or(SuppressionList::Litigator);
        Ok(Listed {
            items: vec![SuppressionEntry { list, digest: 7, by: "operator:ada".into(), at: AT }],
            next: None,
        })
    }
}

fn stopped(kind: StopKind, name: &str) -> Stop {
    let (by, reason) = ("operator:ada".into(), "wrong prices".into());
    Stop { id: id(), kind, name: name.into(), on: true, by, reason, at: AT }
}

impl Backend for Noting {
    async fn account(&self, auction: AuctionId) -> Result<Option<Box<Account>>, Unavailable> {
        self.note(auction);
        Ok(None)
    }

    fn readiness(&self) -> Readiness {
        Readiness::default()
    }

    fn metrics(&self) -> Vec<Metric> {
        Vec::new()
    }

    fn journal(&self) -> JournalState {
        JournalState {
            status: JournalStatus::Running,
            durability: "sync",
            sequence: 0,
            durable: 0,
            projected: 0,
            projector_lag_ms: 0,
            backlog_bytes: 0,
            segments: 1,
            free_bytes: 0,
        }
    }

    fn catalog(&self) -> CatalogSummary {
        CatalogSummary::default()
    }

    async fn apply(&self, files: Vec<SourceFile>) -> Result<Applied, ApplyError> {
        let secrets = |_: &str| Some(SECRET.to_owned());
        let options = CompileOptions {
            version: 3,
            now: UtcMicros(0),
            secrets: &secrets,
            allow_http: false,
            source_names: None,
        };
        let applied = |(_, warnings): (_, Vec<Diagnostic>)| Applied { version: 3, warnings };
        compile(&files, &options).map(applied).map_err(ApplyError::Refused)
    }

    fn authenticate(&self, bearer: &str) -> Option<Arc<Principal>> {
        self.keys.authenticate(bearer)
    }

    async fn reload(&self) -> Result<Reloaded, ReloadError> {
        let keys = self.keys.reload().map_err(|error| ReloadError(error.to_string()))?;
        Ok(Reloaded { changed: vec!["log", "limits.idle_timeout"], keys, catalog_version: 7 })
    }

    fn reload_keys(&self) -> Result<usize, KeysError> {
        self.keys.reload().map_err(|error| KeysError(error.to_string()))
    }

    async fn keys(&self, _: Page) -> Result<Listed<ListedKey>, ListError> {
        Err(ListError::Unavailable)
    }
}

/// A control listener on a thread of its own, since the command blocks its own.
pub(super) struct Listening {
    pub(super) url: String,
    pub(super) key: String,
    exchange: Arc<Noting>,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Listening {
    /// Returns what the exchange was told since the last time.
    pub(super) fn told(&self) -> Vec<String> {
        core::mem::take(&mut self.exchange.told.lock().expect("nobody panicked"))
    }

    pub(super) fn stop(self) {
        self.stop.send(()).expect("the listener runs");
        self.thread.join().expect("it ended");
    }
}

pub(super) fn listen(folder: &Path) -> Listening {
    let path = folder.join("keys.toml");
    let owner = "operator:ada".parse().expect("an owner");
    let key = create_key(&path, (owner, KeyLimits::default()), KeyMode::Live, UtcMicros(0))
        .expect("made")
        .key
        .text();
    let keys = KeyStore::open(&path).expect("readable");
    let exchange = Arc::new(Noting { keys, told: Mutex::default() });
    let backend = Arc::clone(&exchange);
    let (stop, stopped) = oneshot::channel::<()>();
    let (address_tx, address_rx) = std::sync::mpsc::sync_channel::<SocketAddr>(1);
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
            address_tx.send(listener.local_addr().expect("bound")).expect("awaited");
            serve(listener, None, router(backend), async { drop(stopped.await) }).await;
        });
    });
    let url = format!("http://{}", address_rx.recv().expect("bound"));
    Listening { url, key, exchange, stop, thread }
}
