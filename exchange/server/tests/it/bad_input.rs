//! What is sent wrong, and the exact answer to it.
//!
//! Requests stand in `bad_input/*.txt`, answers in `docs/bad-input.md`, which this test writes when
//! `UPDATE_DOCS` is set and compares otherwise. A difference is either a mistake or a change that integrators
//! have to be told of.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::buyers::Buyers;
use crate::catalog::{Campaign, CatalogText};
use crate::exchange::Exchange;
use crate::lead::{lead, ping, post};
use crate::market::Market;
use crate::process::eventually;
use crate::seller::{Answer, Caller, Request};

const PREFACE: &str = "# Bad input, and the exact answers to it

Every request below was sent to a running exchange; its answer stands there with the headers that say something.
`cargo test -p exchange-server --test it bad_input` sends them again and fails where an answer differs; with \
`UPDATE_DOCS=1` it writes this page anew.

- Sent with each request: `Host`, and where the request does not say otherwise the right `Content-Length`, \
`Authorization` with the key of a seller or an operator, and `Content-Type: application/json`.
- An empty `Authorization` or `Content-Type` is not sent at all.
- `$A(n)` stands for so many letters, `$DEEP(n)` for so many nested arrays, `$BYTE(n)` for one byte, and at \
`$STALL` nothing more is sent; the limits on waiting are one second here.
- Other names with a `$` stand for the keys and ids of a run.
";

/// A request that is wrong.
#[derive(Debug)]
struct Case<'a> {
    title: &'a str,
    request: &'a str,
}

/// The cases of a path or of a whole listener.
#[derive(Debug)]
struct Section<'a> {
    title: &'a str,
    cases: Vec<Case<'a>>,
}

/// What the names in requests stand for.
type Names = BTreeMap<&'static str, String>;

#[test]
fn every_bad_request_has_its_exact_answer() {
    let dir = tempfile::tempdir().expect("a folder");
    let buyers =
        Buyers::start(dir.path(), "[[buyer]]\nname = \"south\"\nprice = { fixed = \"30.00\" }\n", &[]);
    let catalog =
        CatalogText::new("bid_window = \"5s\"\nanswer_by = \"20s\"").with("south", Campaign::default());
    let limits = "[limits]\nheader_timeout = \"1s\"\nrequest_timeout = \"1s\"\n";
    let exchange = Exchange::start(dir.path(), &catalog.for_buyers_at(buyers.address()), limits);
    let names = names(&exchange);
    let mut page = PREFACE.to_owned();
    let listeners = [
        (include_str!("bad_input/seller.txt"), exchange.seller_address(), "SELLER"),
        (include_str!("bad_input/control.txt"), exchange.control_address(), "OPERATOR"),
    ];
    for (text, address, owner) in listeners {
        let caller = Caller::new(address, &names[owner]);
        for section in sections(text) {
            write!(page, "\n## {}\n", section.title).expect("a text takes what is written");
            for case in section.cases {
                let answer = send(&caller, &case, &names);
                render(&case, &answer, &mut page);
            }
        }
    }
    assert!(!buyers.stop().posts().any(|post| post.serial() == 1), "bad input sells nothing");
    compare(&page);
}

/// Brings about what the requests refer to.
fn names(exchange: &Exchange) -> Names {
    let revoked = exchange.new_key(&["--owner", "seller:acme"]);
    exchange.revoke(&revoked);
    let test = exchange.new_key(&["--owner", "seller:acme", "--test"]);
    let (acme, other) = (exchange.seller("acme"), exchange.seller("other"));
    let used = lead(901);
    let used = acme.call(&Request::post("/v1/leads", &used).with_header("Idempotency-Key", "used"));
    assert_eq!(used.outcome(), "sold");
    let open = acme.call(&Request::post("/v1/pings", &ping(902)));
    let sold = acme.call(&Request::post("/v1/pings", &ping(903)));
    let path = format!("/v1/pings/{}/post", sold.member("ping_id"));
    assert_eq!(acme.call(&Request::post(&path, &post(903))).outcome(), "sold");
    let others = other.call(&Request::post("/v1/pings", &ping(904)));
    BTreeMap::from([
        ("SELLER", exchange.key("seller:acme").to_owned()),
        ("BUYER", exchange.key("buyer:north").to_owned()),
        ("OPERATOR", exchange.key("operator:ops").to_owned()),
        ("GHOST", exchange.key("seller:ghost").to_owned()),
        ("REVOKED", revoked),
        ("TEST", test),
        ("PING", open.member("ping_id")),
        ("SOLD_PING", sold.member("ping_id")),
        ("OTHER_PING", others.member("ping_id")),
        ("OTHER_LEAD", other.lead(&lead(905)).member("lead_id")),
    ])
}

/// Reads a file of cases.
fn sections(text: &str) -> Vec<Section<'_>> {
    text.split("\n# ")
        .map(|part| {
            let part = part.strip_prefix("# ").unwrap_or(part);
            let (title, cases) = part.split_once('\n').expect("a section has cases");
            let cases = cases.split("\n## ").filter(|case| !case.trim().is_empty());
            let cases = cases.map(|case| {
                let (title, request) = case.trim_start_matches('\n').split_once('\n').expect("a request");
                Case { title: title.trim_start_matches("## "), request: request.trim_end_matches('\n') }
            });
            Section { title, cases: cases.collect() }
        })
        .collect()
}

fn send(caller: &Caller, case: &Case<'_>, names: &Names) -> Answer {
    let mut connection = caller.connect();
    let bytes = bytes(case.request, caller.key(), names);
    // The exchange may answer and close before it has read everything.
    drop(connection.send(&bytes));
    connection.read().unwrap_or_else(|error| panic!("{}: no answer: {error}", case.title))
}

/// Returns the bytes of a request of a file.
fn bytes(request: &str, key: &str, names: &Names) -> Vec<u8> {
    let (head, body) = request.split_once("\n\n").unwrap_or((request, ""));
    let mut lines = head.lines();
    let line = expanded(lines.next().expect("a request line"), names);
    let headers: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once(':')).collect();
    let has = |name: &str| headers.iter().any(|(given, _)| *given == name);
    let body = expanded(body, names);
    let mut sent = line;
    sent.extend(b" HTTP/1.1\r\nHost: exchange\r\n");
    if !has("Authorization") {
        sent.extend(format!("Authorization: Bearer {key}\r\n").bytes());
    }
    if !has("Content-Type") && !body.is_empty() {
        sent.extend(b"Content-Type: application/json\r\n");
    }
    for (name, value) in headers.iter().filter(|(_, value)| !value.trim().is_empty()) {
        sent.extend(format!("{name}: ").bytes());
        sent.extend(expanded(value.trim(), names));
        sent.extend(b"\r\n");
    }
    if !has("Content-Length") && !body.is_empty() {
        sent.extend(format!("Content-Length: {}\r\n", body.len()).bytes());
    }
    sent.extend(b"\r\n");
    sent.extend(body);
    let stall = sent.windows(6).position(|window| window == b"$STALL").unwrap_or(sent.len());
    sent.truncate(stall);
    sent
}

/// Puts in what the names of a request stand for.
fn expanded(text: &str, names: &Names) -> Vec<u8> {
    let mut parts = text.split('$');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_owned();
    for part in parts {
        let end = part.find(|char: char| !char.is_ascii_uppercase() && char != '_').unwrap_or(part.len());
        let (name, mut rest) = part.split_at(end);
        let mut argument = || {
            let (number, after) = rest.strip_prefix('(')?.split_once(')')?;
            rest = after;
            number.parse::<usize>().ok()
        };
        match name {
            "A" => bytes.extend(vec![b'a'; argument().expect("a number")]),
            "DEEP" => {
                let depth = argument().expect("a number");
                bytes.extend(vec![b'['; depth]);
                bytes.extend(vec![b']'; depth]);
            }
            "BYTE" => bytes.push(argument().and_then(|byte| byte.try_into().ok()).expect("a byte")),
            "STALL" => bytes.extend(b"$STALL"),
            name => {
                bytes.extend(names.get(name).unwrap_or_else(|| panic!("nothing is called ${name}")).bytes());
            }
        }
        bytes.extend(rest.bytes());
    }
    bytes
}

fn render(case: &Case<'_>, answer: &Answer, page: &mut String) {
    let Case { title, request } = case;
    write!(page, "\n### {title}\n\n```http\n{request}\n```\n\n```http\n{}", answer.status)
        .expect("a text takes what is written");
    for name in ["content-type", "allow", "www-authenticate", "retry-after", "connection"] {
        if let Some(value) = answer.header(name) {
            write!(page, "\n{name}: {value}").expect("a text takes what is written");
        }
    }
    let body = answer.text();
    let gap = if body.is_empty() { "" } else { "\n\n" };
    write!(page, "{gap}{body}\n```\n").expect("a text takes what is written");
}

#[track_caller]
fn compare(page: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/bad-input.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&file, page).expect("the page can be written");
    }
    let known = fs::read_to_string(&file).unwrap_or_default();
    let differs = page.lines().zip(known.lines()).find(|(now, before)| now != before);
    if let Some((now, before)) = differs {
        panic!(
            "docs/bad-input.md has\n  {before}\nand the answer is\n  {now}\n`UPDATE_DOCS=1` writes it anew"
        );
    }
    assert_eq!(
        page.len(),
        known.len(),
        "docs/bad-input.md has another length; `UPDATE_DOCS=1` writes it anew"
    );
}

#[test]
fn an_unsold_lead_that_comes_again_at_once_is_told_when_it_may() {
    let profile = "[[buyer]]\nname = \"south\"\nbid_probability = \"0%\"\n";
    let market = Market::open(profile, &CatalogText::new("").with("south", Campaign::default()));
    let seller = market.exchange.seller("acme");
    assert_eq!(seller.lead(&lead(1)).outcome(), "unsold");
    let mut again = seller.lead(&lead(1));
    // The person is free for a new lead only after a while; what was answered is on its way to the books.
    eventually("the lead is closed", || {
        again = seller.lead(&lead(1));
        again.status != 200
    });
    assert_eq!((again.status, again.problem().as_str()), (429, "resubmitted_too_soon"));
    let seconds: u32 = again.header("retry-after").expect("a time").parse().expect("seconds");
    assert!((800..=900).contains(&seconds), "{seconds}");
}
