//! The worked cases of the auction's rules, over TOML and HTTP: what the catalog says and the sockets carry
//! has to come to the same as the rules alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::catalog::SECRET;
use crate::exchange::Exchange;
use crate::scripted::{Asked, Said, ScriptedBuyer};
use crate::seller::{Connection, Request};

const CASES: &str = include_str!("../../../auction/tests/cases/auction-cases.json");
/// Auctions in which each of the equal outcomes has to come up; the rarer one of a quarter stays away once in 10^8.
const EQUAL_AUCTIONS: usize = 64;
/// A port of the system where nobody listens.
const NOBODY: &str = "127.0.0.1:1";
/// Cases that are played at once.
const PLAYERS: usize = 6;

#[test]
fn every_worked_case_comes_out_over_http() {
    let file: Value = serde_json::from_str(CASES).expect("the cases are JSON");
    let cases = file["cases"].as_array().expect("cases");
    assert_eq!(cases.len(), 60);
    let buyer = ScriptedBuyer::open(script(cases));
    let dir = tempfile::tempdir().expect("a folder");
    let exchange = Exchange::start(dir.path(), &catalog(cases, &buyer.address().to_string()), "");
    let next = AtomicUsize::new(0);
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let players: Vec<_> =
            (0..PLAYERS).map(|_| scope.spawn(|| play_all(&exchange, &buyer, cases, &next))).collect();
        players.into_iter().flat_map(|player| player.join().expect("a player ends")).collect()
    });
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
}

/// Plays the cases that nobody else has taken and returns what was wrong.
fn play_all(exchange: &Exchange, buyer: &ScriptedBuyer, cases: &[Value], next: &AtomicUsize) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut seller = exchange.seller("acme").connect();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let Some(case) = cases.get(number) else { return wrong };
        if let Err(found) = check(exchange, buyer, &mut seller, case, number) {
            wrong.push(format!("{}: {found}\n  ({})", case["name"], case["why"]));
        }
    }
}

/// Plays a case until each of its outcomes has come up.
fn check(
    exchange: &Exchange,
    buyer: &ScriptedBuyer,
    seller: &mut Connection,
    case: &Value,
    number: usize,
) -> Result<(), String> {
    let expect = &case["expect"];
    let one = [expect.clone()];
    let outcomes = expect["one_of"].as_array().map_or(&one[..], Vec::as_slice);
    let mut seen = BTreeSet::new();
    for _ in 0..EQUAL_AUCTIONS {
        let played = play(exchange, buyer, seller, case, number)?;
        let results: Vec<_> = outcomes.iter().map(|outcome| compare(&played, outcome)).collect();
        let Some(outcome) = results.iter().position(Result::is_ok) else {
            return Err(format!("{results:?}"));
        };
        seen.insert(outcome);
        if seen.len() == outcomes.len() {
            return Ok(());
        }
    }
    Err(format!("only the outcomes {seen:?}"))
}

/// What came of an auction. Campaigns have the names of the case.
struct Played {
    answer: Value,
    /// The auction's account: its campaigns and its posts.
    campaigns: Vec<(String, Value)>,
    posts: Vec<(String, Value)>,
    /// The campaigns that got a post, in the buyers' order.
    order: Vec<String>,
    /// Those whose post can reach nobody.
    unreached: BTreeSet<String>,
}

fn play(
    exchange: &Exchange,
    buyer: &ScriptedBuyer,
    seller: &mut Connection,
    case: &Value,
    number: usize,
) -> Result<Played, String> {
    let prefix = prefix(number);
    let mut body = json!({"vertical": format!("v{number}"), "fields": {"zip": "1"}});
    for key in ["floor", "max_buyers", "prior_sales"] {
        if let Some(value) = case["lead"].get(key) {
            body[key] = value.clone();
        }
    }
    if let Some(channel) = case["lead"].get("source") {
        body["source"] = json!({"channel": channel});
    }
    let two_step = case["lead"].get("two_step");
    let path = if two_step.is_some() { "/v1/pings" } else { "/v1/leads" };
    let mut answer = seller.call(&Request::post(path, &body));
    let mut id = answer.member("auction_id");
    if let Some(two_step) = two_step {
        id = answer.member("ping_id");
        let mut post = json!({"fields": {}, "fallback": two_step["fallback"]});
        if let Some(named) = two_step["named"].as_array() {
            let account = exchange.account(&id);
            let of = |offers: &Value| offers["offers"].as_array().cloned().unwrap_or_default();
            let offers = of(&answer.json()).into_iter().zip(of(&account));
            let is_named =
                |kept: &Value| named.iter().any(|name| kept["campaign"] == format!("{prefix}{}", text(name)));
            let ids = offers.filter(|(_, kept)| is_named(kept)).map(|(offer, _)| offer["offer_id"].clone());
            post["offer_ids"] = ids.collect();
        }
        answer = seller.call(&Request::post(&format!("/v1/pings/{id}/post"), &post));
    }
    if answer.status != 200 {
        return Err(format!("{} {}", answer.status, answer.text()));
    }
    let account = exchange.account(&id);
    let named = |list: &Value| -> Vec<(String, Value)> {
        let of_the_case = |entry: &Value| text(&entry["campaign"]).trim_start_matches(&prefix).to_owned();
        list.as_array().into_iter().flatten().map(|entry| (of_the_case(entry), entry.clone())).collect()
    };
    Ok(Played {
        unreached: case["posts"]
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(_, said)| *said == "connect_failed")
            .map(|(name, _)| name.clone())
            .collect(),
        answer: answer.json(),
        campaigns: named(&account["campaigns"]),
        posts: named(&account["posts"]),
        order: buyer
            .take_posts(&prefix)
            .iter()
            .map(|name| name.trim_start_matches(&prefix).to_owned())
            .collect(),
    })
}

fn compare(played: &Played, expected: &Value) -> Result<(), String> {
    same("status", &played.answer["status"], &expected["status"])?;
    same("reason", &played.answer.get("reason"), &expected.get("reason"))?;
    same("payout", &money(&played.answer["payout"]), &money(&expected["payout"]))?;
    let sale = |entry: &Value| ["price", "payout", "margin"].map(|key| money(&entry[key]));
    let accepted = played.posts.iter().filter(|(_, post)| post["outcome"] == "accepted");
    let sales: BTreeMap<&str, _> = accepted.map(|(name, post)| (&**name, sale(post))).collect();
    let wanted = expected["sales"].as_array().into_iter().flatten();
    same("sales", &sales, &wanted.map(|wanted| (text(&wanted["campaign"]), sale(wanted))).collect())?;
    for (name, campaign) in &played.campaigns {
        if let Some(reasons) = expected["losers"].get(name) {
            let allowed = reasons
                .as_array()
                .map_or(reasons == &campaign["reason"], |any| any.contains(&campaign["reason"]));
            same(&format!("reason of {name}: {}, not {reasons}", campaign["reason"]), &allowed, &true)?;
        }
        if let Some(minimum) = expected["minimum_to_win"].get(name) {
            let found = campaign.get("minimum_to_win").map(money);
            same(
                &format!("minimum of {name}"),
                &found,
                &Some(money(minimum)).filter(|_| !minimum.is_null()),
            )?;
        }
    }
    let losers = expected["losers"].as_object().map_or(0, serde_json::Map::len);
    same("campaigns", &played.campaigns.len(), &sales.len().saturating_add(losers))?;
    let mut order = played.order.iter();
    for set in expected["order"].as_array().into_iter().flatten() {
        let wanted: BTreeSet<&str> = set
            .as_array()
            .into_iter()
            .flatten()
            .map(text)
            .filter(|name| !played.unreached.contains(*name))
            .collect();
        let found: BTreeSet<&str> = order.by_ref().take(wanted.len()).map(|name| &**name).collect();
        same("order", &found, &wanted)?;
    }
    same("posts besides", &(expected.get("order").is_some() && order.next().is_some()), &false)
}

fn same<T: PartialEq + core::fmt::Debug>(what: &str, found: &T, wanted: &T) -> Result<(), String> {
    if found == wanted { Ok(()) } else { Err(format!("{what}: {found:?}, not {wanted:?}")) }
}

/// Returns an amount in ten thousandths, of which no case has a part.
fn money(amount: &Value) -> i64 {
    let Some(amount) = amount.as_str() else { return 0 };
    let (sign, digits) = amount.strip_prefix('-').map_or((1, amount), |digits| (-1, digits));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let number = |digits: &str| digits.parse::<i64>().expect("an amount has digits");
    sign * (number(whole) * 10_000 + number(&format!("{part:0<4}")))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Returns what the names of a case's campaigns and buyers begin with.
fn prefix(number: usize) -> String {
    format!("c{number}-")
}

/// Returns the answers of all campaigns. Those that are reached by nobody stand in the catalog alone.
fn script(cases: &[Value]) -> impl Fn(Asked, &str) -> Said + Send + Sync + 'static {
    let mut pings = BTreeMap::new();
    let mut posts = BTreeMap::new();
    for (number, case) in cases.iter().enumerate() {
        let answers = |of: &Value| of.as_object().cloned().unwrap_or_default();
        let name = |campaign: &String| format!("{}{campaign}", prefix(number));
        pings.extend(answers(&case["bids"]).iter().map(|(campaign, reply)| (name(campaign), reply.clone())));
        posts.extend(answers(&case["posts"]).iter().map(|(campaign, reply)| (name(campaign), reply.clone())));
    }
    move |asked, campaign| match asked {
        Asked::Ping => {
            let reply = pings.get(campaign)?;
            match reply.as_str() {
                Some("timeout") => None,
                Some("no_bid") => Some((204, String::new())),
                Some("bad_reply") => Some((200, json!({"price": {}}).to_string())),
                _ => Some((200, reply.to_string())),
            }
        }
        Asked::Post => {
            let reply = posts.get(campaign)?;
            Some(match reply.as_str() {
                Some("unknown") => (500, "{}".to_owned()),
                Some(status) => (200, json!({"status": status}).to_string()),
                None => (200, json!({"status": "accepted", "price": reply["price"]}).to_string()),
            })
        }
    }
}

/// Returns one catalog of all cases, each a vertical with campaigns and buyers of its own.
fn catalog(cases: &[Value], buyer: &str) -> String {
    let mut out = String::new();
    for (number, case) in cases.iter().enumerate() {
        let _ = writeln!(out, "[verticals.v{number}]");
        for (key, value) in case["vertical"].as_object().into_iter().flatten() {
            let _ = writeln!(out, "{key} = {value}");
        }
        // Long windows, so that only the case of a timeout meets one on a busy machine.
        let _ = writeln!(out, "offers_held = 257\nbid_window = \"4s\"\nanswer_by = \"20s\"");
        let _ = writeln!(out, "[verticals.v{number}.fields.zip]\ntype = \"text\"\nping = true");
        agreement(&mut out, number, &case["agreement"]);
        campaigns(&mut out, number, case, buyer);
    }
    out
}

fn agreement(out: &mut String, number: usize, agreement: &Value) {
    let table = format!("sellers.acme.agreements.v{number}");
    let _ = writeln!(out, "[{table}]\n{}", terms(agreement));
    for kind in ["buyers", "sources"] {
        for (name, own) in agreement["overrides"][kind].as_object().into_iter().flatten() {
            let prefix = if kind == "buyers" { prefix(number) } else { String::new() };
            let _ = writeln!(out, "[{table}.overrides.{kind}.{prefix}{name}]\n{}", terms(own));
        }
    }
}

fn terms(agreement: &Value) -> String {
    let payout = agreement["payout"].as_object().expect("a payout");
    let parts: Vec<String> = match payout.keys().next().map(String::as_str) {
        Some("none") | None => vec!["none = true".to_owned()],
        _ => payout.iter().map(|(key, value)| format!("{key} = {value}")).collect(),
    };
    let mut text = format!("payout = {{ {} }}\n", parts.join(", "));
    for key in ["min_margin", "allow_loss"] {
        if let Some(value) = agreement.get(key) {
            let _ = writeln!(text, "{key} = {value}");
        }
    }
    text
}

fn campaigns(out: &mut String, number: usize, case: &Value, buyer: &str) {
    let prefix = prefix(number);
    let mut buyers = BTreeSet::new();
    for campaign in case["campaigns"].as_array().expect("campaigns") {
        let id = text(&campaign["id"]);
        let owner = campaign["buyer"].as_str().unwrap_or(id);
        if buyers.insert(owner) {
            let _ = writeln!(out, "[buyers.{prefix}{owner}]\nlegal_name = \"{owner}\"\ntime_zone = \"UTC\"");
        }
        let at = |reply: &Value| if reply == "connect_failed" { NOBODY } else { buyer };
        let (bid, post) = (&case["bids"][id], &case["posts"][id]);
        let _ = writeln!(
            out,
            "[campaigns.{prefix}{id}]\nbuyer = \"{prefix}{owner}\"\nvertical = \"v{number}\"\n\
             signing_secrets = [\"{SECRET}\"]\npost = {{ url = \"http://{}/post\" }}",
            at(post)
        );
        match campaign.get("standing_price") {
            Some(price) => drop(writeln!(out, "price = {price}")),
            None => drop(writeln!(out, "ping = {{ url = \"http://{}/ping\" }}", at(bid))),
        }
        for key in ["tier", "weight", "penalty", "reserve", "on_lower_price"] {
            if let Some(value) = campaign.get(key) {
                let _ = writeln!(out, "{key} = {value}");
            }
        }
        out.push_str(match bid.as_str() {
            Some("filtered") => "filter = { field = \"zip\", equals = \"nowhere\" }\n",
            Some("paused") => "paused = true\n",
            Some("sold_cap_reached") => "caps = { sold = { total = 0 } }\n",
            _ => "",
        });
    }
}
