//! A disk that is full, and one that fails: what is answered meanwhile, and what is there afterwards.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tempfile::TempDir;

use crate::buyers::{Buyers, Line};
use crate::catalog::{Campaign, CatalogText};
use crate::exchange::{Exchange, stderr};
use crate::lead::{lead, ping, post};
use crate::market::{Market, at_once};
use crate::process::eventually;
use crate::seller::{Answer, Request};

/// The size of the small disk, and what has to be free of it for new leads.
const DISK_MIB: usize = 96;
const FREE_MIB: usize = 24;

/// A small disk in memory. It is taken off when it is dropped, after everything that uses it.
#[derive(Debug)]
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path) -> Self {
        fs::create_dir_all(at).expect("a folder");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={DISK_MIB}m"), "exchange-test"]).arg(at);
        let mounted = mount.output().expect("`mount` can be run");
        assert!(
            mounted.status.success(),
            "this test mounts a small disk, which takes root: {}",
            stderr(&mounted)
        );
        Self(at.to_owned())
    }

    /// Fills the disk until less is free than new leads need; what is left is returned.
    fn fill(&self) -> PathBuf {
        let file = self.0.join("filler");
        let piece = vec![1_u8; 1 << 20];
        let mut bytes = Vec::new();
        while self.free_mib() >= FREE_MIB {
            bytes.extend_from_slice(&piece);
            fs::write(&file, &bytes).expect("there is room yet");
        }
        file
    }

    fn free_mib(&self) -> usize {
        let output = Command::new("df").args(["--output=avail", "--block-size=1M"]).arg(&self.0).output();
        let text = String::from_utf8(output.expect("`df` can be run").stdout).expect("text");
        text.lines().nth(1).and_then(|line| line.trim().parse().ok()).expect("a number")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("--lazy").arg(&self.0).status());
    }
}

/// An exchange on a small disk, with its buyers. The disk goes last, but for the folder that it hangs in.
#[derive(Debug)]
struct Cramped {
    exchange: Exchange,
    buyers: Buyers,
    disk: SmallDisk,
    _dir: TempDir,
}

impl Cramped {
    fn open(profile: &str) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let disk = SmallDisk::mount(&dir.path().join("data"));
        let buyers = Buyers::start(dir.path(), profile, &[]);
        let catalog = CatalogText::new(
            "bid_window = \"5s\"\nanswer_by = \"30s\"\npost_timeout = \"20s\"\nhold_time = \"1m\"",
        )
        .with("north", Campaign::default());
        let more = format!(
            "[journal]\nsegment_bytes = \"1 MiB\"\nballast_bytes = \"2 MiB\"\nfree_bytes_min = \"{FREE_MIB} MiB\"\n"
        );
        let exchange = Exchange::start(dir.path(), &catalog.for_buyers_at(buyers.address()), &more);
        Self { exchange, buyers, disk, _dir: dir }
    }

    fn journal_status(&self) -> String {
        self.exchange.operator().call(&Request::new("GET", "/v1/journal")).member("status")
    }
}

#[test]
fn on_a_full_disk_posts_go_on_and_new_leads_wait_until_there_is_room() {
    let profile =
        "[[buyer]]\nname = \"north\"\nprice = { fixed = \"30.00\" }\npost_latency = { fixed = \"3s\" }\n";
    let cramped = Cramped::open(profile);
    let seller = cramped.exchange.seller("acme");
    let offered = seller.call(&Request::post("/v1/pings", &ping(2)));
    assert_eq!(offered.outcome(), "offers", "{}", offered.text());
    let mut connection = seller.connect();
    connection.begin(&Request::post("/v1/leads", &lead(1)));
    eventually("the post is out", || cramped.buyers.log_so_far().posts().count() == 1);
    let filler = cramped.disk.fill();
    eventually("the journal is full", || cramped.journal_status() == "full");
    // The shards hear of it a moment later.
    eventually("nothing new is taken", || seller.call(&Request::post("/v1/pings", &ping(50))).status == 503);
    let ready = cramped.exchange.operator().call(&Request::new("GET", "/health/ready"));
    assert_eq!(ready.status, 503, "{}", ready.text());
    assert!(ready.text().contains("journal_full"), "{}", ready.text());
    let refused: Vec<Answer> = (10..20).map(|serial| seller.lead(&lead(serial))).collect();
    for answer in &refused {
        assert_eq!((answer.status, &*answer.problem()), (503, "overloaded"), "{}", answer.text());
        assert!(answer.header("retry-after").is_some(), "{}", answer.text());
    }
    let sold = connection.read().expect("the answer comes");
    assert_eq!(sold.outcome(), "sold", "a post that is out goes on: {}", sold.text());
    // So does the second step of a sale, for which room was held.
    let path = format!("/v1/pings/{}/post", offered.member("ping_id"));
    let second = seller.call(&Request::post(&path, &post(2)));
    assert_eq!(second.outcome(), "sold", "{}", second.text());
    fs::remove_file(filler).expect("the filler can be removed");
    eventually("leads are taken again", || seller.lead(&lead(30)).status == 200);
    assert_eq!(cramped.journal_status(), "running");
    eventually("the store has followed", || cramped.exchange.journal_is_even());
    let log = cramped.buyers.stop();
    let mut posted: Vec<u64> = log.posts().map(Line::serial).collect();
    posted.sort_unstable();
    assert_eq!(posted, [1, 2, 30], "what was refused was sent to nobody");
}

#[test]
fn a_disk_without_a_byte_left_loses_nothing_that_was_answered_sold() {
    let profile = "[[buyer]]\nname = \"north\"\nprice = { fixed = \"30.00\" }\n";
    let mut cramped = Cramped::open(profile);
    let seller = cramped.exchange.seller("acme");
    let mut sold: Vec<String> = Vec::new();
    for serial in 1..=20 {
        let answer = seller.lead(&lead(serial));
        assert_eq!(answer.outcome(), "sold", "{}", answer.text());
        sold.push(answer.member("lead_id"));
    }
    // Everything that there is, at once: no room for a page of anybody.
    let filler = cramped.disk.0.join("filler");
    let full = Command::new("dd")
        .args(["if=/dev/zero", "bs=64k", "status=none"])
        .arg(format!("of={}", filler.display()))
        .output();
    assert!(!full.expect("`dd` can be run").status.success(), "the disk is full");
    for serial in 21..=60 {
        match seller.connect().try_call(&Request::post("/v1/leads", &lead(serial))) {
            Some(answer) if answer.status == 200 && answer.outcome() == "sold" => {
                sold.push(answer.member("lead_id"));
            }
            Some(_) => {}
            None => break,
        }
    }
    fs::remove_file(filler).expect("the filler can be removed");
    // Whether it ended by itself or went on: it is killed, and begins with what is on disk.
    cramped.exchange.kill();
    cramped.exchange.start_again();
    let seller = cramped.exchange.seller("acme");
    for id in &sold {
        let read = seller.call(&Request::new("GET", &format!("/v1/leads/{id}")));
        assert_eq!(read.outcome(), "sold", "{}", read.text());
    }
    assert_eq!(seller.lead(&lead(100)).outcome(), "sold");
    eventually("the store has followed", || cramped.exchange.journal_is_even());
    let report = cramped.exchange.operator().call(&Request::new("POST", "/v1/ledger/verify"));
    assert_eq!(report.outcome(), "intact", "{}", report.text());
    let serials: Vec<u64> =
        cramped.buyers.stop().posts().filter(|post| !post.is_repeat()).map(Line::serial).collect();
    let once: std::collections::BTreeSet<u64> = serials.iter().copied().collect();
    assert_eq!(once.len(), serials.len(), "nobody gets a lead twice");
}

/// Has system calls of a process fail or take long, from outside.
#[derive(Debug)]
struct Failing(Child);

impl Failing {
    /// Does something to the syncs of the journal's files, as `strace` words it.
    fn syncs_of(exchange: &Exchange, dir: &Path, what: &str) -> Self {
        let log = dir.join("strace.err");
        let mut strace = Command::new("strace");
        strace.args(["--follow-forks", "--trace=fdatasync,fsync", "-o", "/dev/null"]);
        strace.arg(format!("--inject=fdatasync:{what}"));
        for entry in fs::read_dir(exchange.data_dir().join("journal")).expect("a journal") {
            strace.arg("--trace-path").arg(entry.expect("an entry").path());
        }
        strace.arg("--attach").arg(exchange.pid().to_string());
        strace.stdin(Stdio::null()).stdout(Stdio::null()).stderr(fs::File::create(&log).expect("a file"));
        let child = strace.spawn().expect("this test needs the package `strace`");
        let failing = Self(child);
        eventually("strace is attached, which takes root", || {
            fs::read_to_string(&log).is_ok_and(|text| text.contains("attached"))
        });
        failing
    }
}

impl Drop for Failing {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Sells over a few connections until the exchange ends, and returns what was answered `sold`.
fn sell_until_the_end(market: &Market, first: u64) -> Vec<String> {
    let (next, sold) = (AtomicU64::new(first), Mutex::new(Vec::new()));
    let seller = market.exchange.seller("acme");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut connection = seller.connect();
                loop {
                    let serial = next.fetch_add(1, Ordering::Relaxed);
                    // Where nothing ends it, the test goes on and fails.
                    if serial > first + 2_000 {
                        break;
                    }
                    let Some(answer) = connection.try_call(&Request::post("/v1/leads", &lead(serial))) else {
                        break;
                    };
                    if answer.status == 200 && answer.outcome() == "sold" {
                        sold.lock().expect("no seller has failed").push(answer.member("lead_id"));
                    } else {
                        // It is stopping.
                        break;
                    }
                }
            });
        }
    });
    sold.into_inner().expect("no seller has failed")
}

#[test]
fn a_sync_that_fails_ends_the_process_and_loses_nothing_that_was_answered_sold() {
    let profile = "[[buyer]]\nname = \"north\"\nprice = { fixed = \"30.00\" }\n";
    for well in [0, 1, 7] {
        let catalog =
            CatalogText::new("bid_window = \"5s\"\nanswer_by = \"10s\"").with("north", Campaign::default());
        let mut market = Market::open(profile, &catalog);
        let mut sold = vec![market.exchange.seller("acme").lead(&lead(1)).member("lead_id")];
        eventually("the store has followed", || market.exchange.journal_is_even());
        let folder = tempfile::tempdir().expect("a folder");
        let what = format!("error=EIO:when={}", well + 1);
        let failing = Failing::syncs_of(&market.exchange, folder.path(), &what);
        sold.extend(sell_until_the_end(&market, 2));
        let status = market.exchange.ended();
        drop(failing);
        assert_eq!(status.code(), Some(1), "after {well} good syncs: {}", market.exchange.log());
        assert!(market.exchange.log().contains("the journal has failed"), "{}", market.exchange.log());
        market.exchange.start_again();
        let seller = market.exchange.seller("acme");
        for id in &sold {
            let read = seller.call(&Request::new("GET", &format!("/v1/leads/{id}")));
            assert_eq!(read.outcome(), "sold", "after {well} good syncs: {}", read.text());
        }
        // What was sent and not answered is found out by asking again.
        eventually("nothing is unknown any more", || {
            let listed = market.exchange.operator().call(&Request::new("GET", "/v1/unknowns")).json();
            listed["items"] == serde_json::json!([])
        });
        assert_eq!(seller.lead(&lead(1_000)).outcome(), "sold");
        eventually("the store has followed", || market.exchange.journal_is_even());
        let sales = market.exchange.operator().call(&Request::new("GET", "/v1/sales?limit=200")).json();
        let sales = sales["items"].as_array().expect("a list").len();
        let log = market.buyers.stop();
        let taken = log.posts().filter(|post| post.is_taken() && !post.is_repeat()).count();
        assert_eq!(sales, taken, "after {well} good syncs: every lead that was taken is charged once");
    }
}

#[test]
fn a_disk_that_hangs_makes_nobody_wait_beyond_the_answers_time() {
    let profile = "[[buyer]]\nname = \"north\"\nprice = { fixed = \"30.00\" }\n";
    let catalog = CatalogText::new("bid_window = \"500ms\"\nanswer_by = \"1s\"\npost_timeout = \"5s\"")
        .with("north", Campaign::default());
    let market = Market::open(profile, &catalog);
    let seller = market.exchange.seller("acme");
    assert_eq!(seller.lead(&lead(1)).outcome(), "sold");
    let folder = tempfile::tempdir().expect("a folder");
    let slow = Failing::syncs_of(&market.exchange, folder.path(), "delay_enter=4000000");
    let requests: Vec<Request<'_>> = (2..6).map(|serial| Request::post("/v1/leads", &lead(serial))).collect();
    let answers = at_once(&seller, &requests);
    drop(slow);
    for answer in &answers {
        assert!(
            ["pending", "unsold"].contains(&&*answer.outcome()),
            "nothing is sold yet: {}",
            answer.text()
        );
        // One second by contract; the rest is for a busy machine, and far from what the disk takes.
        assert!(answer.took < Duration::from_millis(2_500), "{:?}: {}", answer.took, answer.text());
    }
    let mut sold = 0;
    for answer in &answers {
        let path = format!("/v1/leads/{}", answer.member("lead_id"));
        let mut now = String::new();
        eventually("it is over", || {
            now = seller.call(&Request::new("GET", &path)).outcome();
            now != "pending"
        });
        sold += usize::from(now == "sold");
    }
    let taken = market.buyers.stop().posts().filter(|post| post.is_taken()).count();
    assert_eq!(taken, sold + 1, "what was taken is sold, and nothing else");
}
