//! What sellers send: leads, pings and posts, copies of them, reads and returns of offers.

use exchange_node::ClaimKey;
use exchange_protocol::{Answer, AnswerStatus, OfferKey, Reply};
use exchange_types::{Nanos, ShardIndex, Uuid7};

use crate::draws::{Draw, Draws};

/// Requests that may follow each other on one ping.
const FOLLOW_MAX: u32 = 3;

/// A request of a seller.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// Stands for the request in every draw, whatever came before it.
    pub(crate) name: u32,
    pub(crate) what: What,
    pub(crate) place: ShardIndex,
    pub(crate) seller: String,
    pub(crate) person: u64,
    pub(crate) key: Option<ClaimKey>,
    /// Whether the request names the person.
    pub(crate) names_person: bool,
    pub(crate) at: Nanos,
    /// The latest moment of its answer, once it has arrived.
    pub(crate) due: Option<Nanos>,
    pub(crate) replies: Vec<Reply>,
    /// In which life of the process it was handed in.
    pub(crate) life: u64,
    /// Whether the process stopped before it answered.
    pub(crate) lost: bool,
    /// Whether what it was answered was lost by a stop, as it may be where nothing was posted.
    pub(crate) void: bool,
    pub(crate) depth: u32,
}

/// What is asked.
#[derive(Clone, Debug)]
pub(crate) enum What {
    Lead(Terms),
    Ping(Terms),
    Post { ping: Uuid7, offers: Vec<OfferKey>, fallback: bool },
    Read { id: Uuid7, by_operator: bool },
    GiveBack { id: Uuid7 },
}

/// The envelope of a lead or ping.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Terms {
    pub(crate) floor_cents: Option<i64>,
    pub(crate) max_buyers: Option<u16>,
    pub(crate) wait_ms: Option<u64>,
}

const SELLERS: [&str; 3] = ["web", "app", "tel"];

/// Makes up what sellers send of their own accord.
pub(crate) fn workload(draws: &Draws, shards: u16, begin: Nanos, spread: bool) -> Vec<Request> {
    let mut draw = draws.of("workload", &[]);
    let count = draw.between(12, 30);
    let persons = count.saturating_sub(count / 4).max(1);
    let mut requests = Vec::new();
    for number in 0..count {
        let mut draw = draws.of("lead", &[u128::from(number)]);
        let mut first = fresh(draws, &mut draw, shards, (number, persons));
        first.name = child(draws, 0, requests.len());
        first.at = begin.saturating_add(draw.micros(0, 15_000_000));
        requests.push(first.clone());
        copies(draws, &mut draw, &first, (shards, spread), &mut requests);
    }
    requests
}

fn fresh(draws: &Draws, draw: &mut Draw, shards: u16, (number, persons): (u64, u64)) -> Request {
    let terms = Terms {
        floor_cents: draw.percent(30).then(|| draw.amount(500, 2_500)),
        max_buyers: draw.percent(25).then(|| u16::try_from(draw.between(1, 3)).unwrap_or(1)),
        wait_ms: draw.percent(20).then(|| draw.between(20, 1_500)),
    };
    let what = if draw.percent(55) { What::Lead(terms) } else { What::Ping(terms) };
    let key = draw.percent(70).then(|| ClaimKey {
        key: draws.bits("key", &[u128::from(number)]),
        digest: draws.bits("body", &[u128::from(number)]),
        weak: false,
    });
    Request {
        name: 0,
        names_person: matches!(what, What::Lead(_)) || draw.percent(50),
        what,
        place: place(draw, shards),
        seller: SELLERS.get(draw.index(3)).copied().unwrap_or("web").to_owned(),
        person: draw.between(0, persons.saturating_sub(1)),
        key,
        at: Nanos::ZERO,
        due: None,
        replies: Vec::new(),
        life: 0,
        lost: false,
        void: false,
        depth: 0,
    }
}

/// Adds copies of a request over the shards: at once or a little later, and perhaps one with another body.
fn copies(
    draws: &Draws,
    draw: &mut Draw,
    first: &Request,
    (shards, spread): (u16, bool),
    requests: &mut Vec<Request>,
) {
    if draw.percent(30) {
        for copy in 0..draw.between(1, 4) {
            let mut again = first.clone();
            again.name = child(draws, 0, requests.len());
            again.place = place(draw, shards);
            let later = if spread || draw.percent(30) { draw.micros(1, 3_000_000) } else { Nanos(0) };
            again.at = first.at.saturating_add(later);
            if copy == 3
                && let Some(key) = &mut again.key
            {
                key.digest = draws.bits("other body", &[key.digest]);
            }
            requests.push(again);
        }
    }
}

/// Returns a request that repeats another at a moment.
pub(crate) fn repeat(draws: &Draws, first: &Request, number: usize, at: Nanos) -> Request {
    Request {
        name: child(draws, first.name, number.saturating_add(1_000)),
        at,
        due: None,
        replies: Vec::new(),
        life: 0,
        lost: false,
        void: false,
        ..first.clone()
    }
}

/// Returns the name of a request that follows another, by its place among those.
fn child(draws: &Draws, parent: u32, ordinal: usize) -> u32 {
    let ordinal = u128::try_from(ordinal).unwrap_or(0);
    u32::try_from(draws.number("name", &[u128::from(parent), ordinal]) >> 32).unwrap_or(0)
}

fn place(draw: &mut Draw, shards: u16) -> ShardIndex {
    ShardIndex(u16::try_from(draw.index(usize::from(shards))).unwrap_or(0))
}

/// Returns what the seller sends after an answer: posts, reads, returns of offers, and what another seller has
/// of the same person meanwhile.
pub(crate) fn follow_up(
    draws: &Draws,
    asked: &Request,
    answer: &Answer,
    (shards, now): (u16, Nanos),
) -> Vec<Request> {
    let number = u128::from(asked.name);
    let mut draw = draws.of("follow", &[number]);
    let next = |what, draw: &mut Draw| Request {
        what,
        place: place(draw, shards),
        key: None,
        at: now.saturating_add(draw.micros(100, 4_000_000)),
        due: None,
        replies: Vec::new(),
        life: 0,
        lost: false,
        void: false,
        depth: asked.depth.saturating_add(1),
        ..asked.clone()
    };
    let mut requests = Vec::new();
    if asked.depth >= FOLLOW_MAX {
        return requests;
    }
    let mut post = |draw: &mut Draw, ping: Uuid7| {
        let named = draw.percent(60).then(|| answer.offers.get(draw.index(answer.offers.len()))).flatten();
        let offers = named.map(|offer| offer.key).into_iter().collect();
        let mut post = next(What::Post { ping, offers, fallback: draw.percent(50) }, draw);
        post.names_person = !asked.names_person || draw.percent(60);
        post.key = draw.percent(60).then(|| ClaimKey {
            key: draws.bits("post key", &[number]),
            digest: draws.bits("post body", &[number]),
            weak: false,
        });
        if draw.percent(30) {
            let mut again = post.clone();
            again.place = place(draw, shards);
            again.at = post.at.saturating_add(draw.micros(0, 6_000_000));
            requests.push(again);
        }
        requests.push(post);
    };
    match (&asked.what, answer.status) {
        (What::Ping(_), AnswerStatus::Offers) => match draw.weighted([70, 15, 15]) {
            0 => post(&mut draw, answer.id),
            1 => requests.push(next(What::GiveBack { id: answer.id }, &mut draw)),
            _ => {}
        },
        (What::Post { .. }, AnswerStatus::Unsold(_)) if draw.percent(80) => {
            post(&mut draw, answer.id);
            let at = requests.last().map_or(now, |post| post.at);
            let mut other = next(What::Lead(Terms::default()), &mut draw);
            other.seller = SELLERS
                .iter()
                .find(|name| **name != asked.seller)
                .map_or_else(String::new, |name| (*name).to_owned());
            other.at = at.saturating_add(draw.micros(0, 400_000));
            other.names_person = true;
            requests.push(other);
        }
        _ => {}
    }
    if draw.percent(25) {
        let by_operator = draw.percent(40);
        let mut read = next(What::Read { id: answer.id, by_operator }, &mut draw);
        if draw.percent(30) {
            SELLERS.get(draw.index(3)).copied().unwrap_or("web").clone_into(&mut read.seller);
        }
        requests.push(read);
    }
    for (ordinal, request) in requests.iter_mut().enumerate() {
        request.name = child(draws, asked.name, ordinal);
    }
    requests
}
