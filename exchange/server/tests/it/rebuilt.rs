//! The store: the same tables made anew from the journal, and the same answers from another database.

use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Connection as _, Executor as _, Row as _};
use tempfile::TempDir;

use crate::catalog::{Campaign, CatalogText};
use crate::exchange::{stderr, stdout};
use crate::lead::{lead, phone, ping, post};
use crate::market::Market;
use crate::process::eventually;
use crate::seller::Request;

const BUYERS: &str = "[[buyer]]\nname = \"north\"\nprice = { fixed = \"40.00\" }\n\
                      [[buyer]]\nname = \"south\"\nprice = { fixed = \"30.00\" }\npost = [{ answer = \"rejected\" }]\n\
                      [[buyer]]\nname = \"west\"\nprice = { fixed = \"20.00\" }\npost = [{ fault = \"reset_after_accept\" }]\n";
/// Whom the PostgreSQL server runs as where the tests run as root, which it refuses.
const UNPRIVILEGED: &str = "nobody";

fn catalog() -> CatalogText {
    CatalogText::new("bid_window = \"5s\"\nanswer_by = \"20s\"\nresubmit_after = \"0s\"")
        .with_buyer("north", "prepaid = true")
        .with_campaign_of("north", "north", Campaign::default())
        .with("south", Campaign::default())
        .with("west", Campaign { keys: "idempotent = false", ..Campaign::default() })
}

/// Has everything happen that leaves a trace in the store.
fn fill(market: &Market) {
    let (seller, operator) = (market.exchange.seller("acme"), market.exchange.operator());
    let deposit = json!({"kind": "deposit", "amount": "160.00", "currency": "EUR", "reference": "s"});
    let deposit = Request::post("/v1/buyers/north/balance", &deposit).with_header("Idempotency-Key", "d");
    assert_eq!(operator.call(&deposit).status, 200);
    let mut sales = Vec::new();
    for serial in 1..=3 {
        let key = format!("k-{serial}");
        let sold =
            seller.call(&Request::post("/v1/leads", &lead(serial)).with_header("Idempotency-Key", &key));
        assert_eq!(sold.outcome(), "sold", "{}", sold.text());
        sales.push(sold.json()["sales"][0]["sale_id"].as_str().expect("a sale").to_owned());
    }
    let offered = seller.call(&Request::post("/v1/pings", &ping(4)));
    let path = format!("/v1/pings/{}/post", offered.member("ping_id"));
    assert_eq!(seller.call(&Request::post(&path, &post(4))).outcome(), "sold");
    // The balance is spent: the next lead is declined by one and lost on another.
    assert_eq!(seller.lead(&lead(5)).outcome(), "pending");
    assert_eq!(seller.lead(&lead(1)).outcome(), "duplicate");
    eventually("the store has followed", || market.exchange.journal_is_even());
    let back = market.exchange.ask(&["sale", "return", &sales[0], "--reason", "fraud"], "");
    assert!(back.status.success(), "{}", stderr(&back));
    let adjust = ["sale", "adjust", &sales[1], "--price", "39.00", "--payout", "31.00", "--reason", "agreed"];
    assert!(market.exchange.ask(&adjust, "").status.success());
    assert!(market.exchange.ask(&["sale", "reverse", &sales[2], "--reason", "fraud"], "").status.success());
    assert!(market.exchange.ask(&["person", "erase"], &phone(2)).status.success());
    let told = market.exchange.partner("buyer:north").call(&Request::new("GET", "/v1/erasures")).json();
    let erased = told["items"][0]["buyers"][0]["sale_id"].as_str().expect("a sale").to_owned();
    let path = format!("/v1/erasures/{erased}/acknowledgements");
    assert_eq!(market.exchange.partner("buyer:north").call(&Request::post(&path, &json!({}))).status, 200);
    let next = catalog().with_buyer("nobody", "");
    let applied = market.exchange.apply("next.toml", &next.for_buyers_at(market.buyers.address()));
    assert!(applied.status.success(), "{}", stderr(&applied));
    // What was given back can be spent again.
    assert_eq!(seller.lead(&lead(6)).member("payout"), "32.00");
    eventually("the store has followed", || market.exchange.journal_is_even());
}

/// What operators and partners read of the store.
fn answers(market: &Market) -> Vec<(String, Value)> {
    let asked = [
        ("operator:ops", "/v1/auctions"),
        ("operator:ops", "/v1/sales"),
        ("operator:ops", "/v1/ledger"),
        ("operator:ops", "/v1/balances"),
        ("operator:ops", "/v1/unknowns"),
        ("operator:ops", "/v1/erasures"),
        ("seller:acme", "/v1/leads?status=sold"),
        ("seller:acme", "/v1/sales?limit=2"),
        ("buyer:north", "/v1/sales"),
        ("buyer:north", "/v1/ledger"),
    ];
    let answer = |(owner, path): (&str, &str)| {
        let answer = market.exchange.partner(owner).call(&Request::new("GET", path));
        assert_eq!(answer.status, 200, "{owner} {path}: {}", answer.text());
        (format!("{owner} {path}"), answer.json())
    };
    asked.into_iter().map(answer).collect()
}

fn check_counts(answers: &[(String, Value)]) {
    let count = |place: &str| {
        let found = answers.iter().find(|(asked, _)| asked == place).expect("it was asked");
        found.1["items"].as_array().expect("a list").len()
    };
    assert_eq!(count("operator:ops /v1/auctions"), 7);
    assert_eq!(count("operator:ops /v1/sales"), 5);
    assert_eq!(count("operator:ops /v1/unknowns"), 1);
    assert_eq!(count("operator:ops /v1/erasures"), 1);
    assert_eq!(count("seller:acme /v1/sales?limit=2"), 2, "a page");
    assert_eq!(count("buyer:north /v1/sales"), 5);
}

fn rebuild(market: &Market) {
    let rebuilt = market.exchange.inspect(&["store", "rebuild"]);
    assert!(rebuilt.status.success(), "{}", stderr(&rebuilt));
    assert!(stdout(&rebuilt).starts_with("the store is rebuilt"), "{}", stdout(&rebuilt));
}

#[test]
fn a_rebuilt_store_has_the_same_tables_row_by_row() {
    let mut market = Market::open(BUYERS, &catalog());
    fill(&market);
    let before = answers(&market);
    check_counts(&before);
    market.exchange.stop();
    let url = format!("sqlite://{}", market.exchange.data_dir().join("store.db").display());
    check_rebuilt(&market, &url, "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name");
    market.exchange.start_again();
    assert_eq!(answers(&market), before);
}

/// Rebuilds a store and fails if a row of any table is another one then. `tables` names the tables.
fn check_rebuilt(market: &Market, url: &str, tables: &'static str) {
    let dumped = dump(url, tables);
    for damage in ["DELETE FROM persons", "DELETE FROM api_keys", "UPDATE posts SET price_now = 1"] {
        execute(url, damage);
    }
    for table in
        ["posts", "ledger_entries", "erasures", "acknowledgements", "balance_changes", "persons", "api_keys"]
    {
        assert!(dumped.iter().any(|row| row.starts_with(table)), "{table} is empty: {dumped:#?}");
    }
    rebuild(market);
    let rebuilt = dump(url, tables);
    for (row, again) in dumped.iter().zip(&rebuilt) {
        assert_eq!(row, again);
    }
    assert_eq!(dumped.len(), rebuilt.len());
}

#[test]
fn postgresql_sells_and_answers_as_sqlite_does() {
    let server = Postgres::start();
    let more = format!("[store]\nurl = \"{}\"\n", server.url());
    let mut market = Market::open_with(BUYERS, &catalog(), &more);
    fill(&market);
    let before = answers(&market);
    check_counts(&before);
    market.exchange.kill();
    market.exchange.start_again();
    eventually("the store has followed", || market.exchange.journal_is_even());
    assert_eq!(answers(&market), before, "after a kill");
    let found = market.exchange.ask(&["person", "find"], &phone(1));
    assert!(stdout(&found).contains("lead_"), "{}", stderr(&found));
    market.exchange.stop();
    assert!(!market.exchange.data_dir().join("store.db").exists(), "nothing goes to sqlite");
    let tables = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY 1";
    check_rebuilt(&market, &server.url(), tables);
    let verified = market.exchange.inspect(&["ledger", "verify"]);
    assert!(verified.status.success(), "{}", stderr(&verified));
    market.exchange.start_again();
    assert_eq!(answers(&market), before, "after a rebuild");
}

fn execute(url: &str, statement: &'static str) {
    sqlx::any::install_default_drivers();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut connection = AnyConnection::connect(url).await.expect("the store opens");
        let changed = connection.execute(statement).await.expect("the store can be written");
        assert!(changed.rows_affected() > 0, "{statement}");
        connection.close().await.expect("the store can be closed");
    });
}

/// Returns every row of every table, in an order of its own.
fn dump(url: &str, tables: &'static str) -> Vec<String> {
    sqlx::any::install_default_drivers();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut connection = AnyConnection::connect(url).await.expect("the store can be read");
        let tables = sqlx::query(tables).fetch_all(&mut connection).await.expect("tables");
        let mut dumped = Vec::new();
        for table in tables.iter().map(|row| row.get::<String, _>(0)) {
            let query = sqlx::AssertSqlSafe(format!("SELECT * FROM {table}"));
            let rows = sqlx::query(query).fetch_all(&mut connection).await.expect("rows");
            let mut lines: Vec<String> = rows.iter().map(|row| shown(&table, row)).collect();
            lines.sort_unstable();
            dumped.extend(lines);
        }
        connection.close().await.expect("the store can be closed");
        dumped
    })
}

fn shown(table: &str, row: &AnyRow) -> String {
    let value = |at: usize| {
        let number = row.try_get::<Option<i64>, _>(at).map(|value| value.map(|number| number.to_string()));
        let bytes =
            || row.try_get::<Option<Vec<u8>>, _>(at).map(|value| value.map(|it| format!("{it:02x?}")));
        let text = number.or_else(|_| row.try_get::<Option<String>, _>(at)).or_else(|_| bytes());
        text.expect("a value").unwrap_or_else(|| "NULL".to_owned())
    };
    let values: Vec<String> = (0..row.len()).map(value).collect();
    format!("{table}: {}", values.join(", "))
}

/// A PostgreSQL server of a test's own, on a socket in a folder of its own.
#[derive(Debug)]
struct Postgres {
    process: Child,
    folder: TempDir,
}

impl Postgres {
    fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("exchange-").tempdir_in("/tmp").expect("a folder");
        let path = folder.path();
        if is_root() {
            succeed(Command::new("chown").arg(UNPRIVILEGED).arg(path));
        }
        let data = path.join("data");
        let options =
            ["--no-sync", "--auth=trust", "--username=exchange", "--encoding=UTF8", "--locale=C", "--pgdata"];
        succeed(program("initdb").args(options).arg(&data));
        let mut server = program("postgres");
        server.arg("-F").arg("-D").arg(&data).arg("-k").arg(path).args(["-c", "listen_addresses="]);
        let process = server.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the server starts");
        let server = Self { process, folder };
        eventually("the PostgreSQL server answers", || {
            let mut ask = program("psql");
            ask.arg("-h").arg(server.folder.path()).args(["-U", "exchange", "-c", "SELECT 1", "postgres"]);
            ask.output().expect("psql runs").status.success()
        });
        server
    }

    fn url(&self) -> String {
        format!("postgres:///postgres?host={}&user=exchange", self.folder.path().display())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // At once: nothing of it is needed any more.
        drop(Command::new("kill").args(["-QUIT", &self.process.id().to_string()]).status());
        drop(self.process.wait());
    }
}

/// Returns a program of the server, run by somebody who is not root.
fn program(name: &str) -> Command {
    let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = installed.map(|version| version.path().join("bin")).chain(std::env::split_paths(&path));
    let found = places.map(|place| place.join(name)).find(|file| file.is_file());
    let file = found.expect("no PostgreSQL server is installed: these tests need the package `postgresql`");
    if !is_root() {
        return Command::new(file);
    }
    let mut command = Command::new("setpriv");
    command
        .arg(format!("--reuid={UNPRIVILEGED}"))
        .args(["--regid=nogroup", "--clear-groups", "--"])
        .arg(file);
    command
}

fn is_root() -> bool {
    std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").expect("a process")) == 0
}

#[track_caller]
fn succeed(command: &mut Command) {
    let output = command.output().expect("the program can be run");
    assert!(output.status.success(), "{}", stderr(&output));
}
