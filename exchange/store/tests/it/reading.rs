//! Reads: by id, by claim, by person, in pages, and each reader its own only.

use exchange_protocol::{AnswerStatus, Outcome, SaleState};
use exchange_store::{
    Backend, LeadFilter, LeadState, Page, PostState, QueryError, ReceiverView, SaleFilter, SaleRef,
};
use exchange_types::{Amount, DuplicateScope, EventKind, Reason, UnsoldReason, UtcMicros};

use crate::database::Database;
use crate::journal::{DAY, Journal, PAYOUT, PRICE, SELLERS, START, WINDOW, id, print};
use crate::{Opened, run};

async fn check_reads(backend: Backend) {
    let journal = Journal::of_everything();
    let end = journal.now;
    let mut opened = Opened::with(Database::new(backend), journal.records).await;
    check_answers(&opened).await;
    check_scopes(&opened).await;
    check_pages(&opened).await;
    check_due(&opened, end).await;
    check_events(&opened).await;
    check_closings(&opened).await;
    check_receivers(&opened).await;
    check_claim_without_lead(&opened).await;
    // How far somebody has been told is no business of the journal: a rebuild keeps it.
    opened.projector.rebuild(Journal::of_everything().records).await.expect("it is rebuilt");
    let kept = opened.store.as_exchange().keep_receivers(&["webhook acme".into()]).await.expect("it reads");
    assert_eq!(kept.iter().map(|kept| kept.sequence).collect::<Vec<_>>(), [opened.projector.cursor()]);
}

#[test]
fn everything_reads_as_it_was_written_on_sqlite() {
    run(check_reads(Backend::Sqlite));
}

#[test]
fn everything_reads_as_it_was_written_on_postgres() {
    run(check_reads(Backend::Postgres));
}

/// What a repeat under an old key is told: the auction's answer, with what was found out since.
async fn check_answers(opened: &Opened) {
    let exchange = opened.store.as_exchange();
    let expected = [
        (1, AnswerStatus::Sold, 1, PAYOUT),
        (2, AnswerStatus::Unsold(UnsoldReason::NoBid), 0, Amount::ZERO),
        (4, AnswerStatus::Sold, 1, PAYOUT),
        (5, AnswerStatus::Unsold(UnsoldReason::PostsRejected), 0, Amount::ZERO),
    ];
    for (lead, status, sales, payout) in expected {
        let found = exchange.claim(print(lead) ^ 1).await.expect("it reads").expect("it was claimed");
        let answer = found.answer.expect("it is over");
        assert_eq!((found.lead, found.digest), (id(lead), lead));
        assert_eq!((answer.status, answer.sales.len(), answer.payout), (status, sales, payout), "{lead}");
    }
    let known = exchange.claim(print(7) ^ 16).await.expect("it reads").expect("it was claimed");
    let told = known.answer.expect("it was told something");
    assert_eq!((known.lead, known.digest, told.id), (id(7), 7 ^ 16, id(7)));
    assert_eq!(
        told.status,
        AnswerStatus::Duplicate(DuplicateScope::Exchange, None),
        "whatever its ping came to"
    );
    assert_eq!(exchange.claim(12345).await.expect("it reads"), None);
    for (print, lead, state) in [(print(1), 1, LeadState::Sold), (print(2) ^ 2, 2, LeadState::Unsold)] {
        let seen = exchange.person(print).await.expect("it reads");
        assert_eq!(seen.iter().map(|one| (one.lead, one.state)).collect::<Vec<_>>(), [(id(lead), state)]);
    }
    let auction = opened.store.as_operator().auction(id(3)).await.expect("it reads").expect("it is there");
    assert_eq!(auction.story.map(|story| story.id), Some(id(3)));
    assert_eq!(auction.posts.first().map(|post| post.state), Some(PostState::Failed(Reason::PostRejected)));
}

/// A key whose lead is not there stands for something all the same, and nobody knows what.
async fn check_claim_without_lead(opened: &Opened) {
    opened.database.execute("DELETE FROM leads").await;
    let found = opened.store.as_exchange().claim(print(1) ^ 1).await;
    assert!(matches!(found, Err(QueryError::Damaged { column: "claims.lead" })), "{found:?}");
}

/// Each partner finds its own and nothing of another's.
async fn check_scopes(opened: &Opened) {
    let sales =
        opened.store.as_operator().sales(&SaleFilter::default(), &Page::default()).await.expect("it reads");
    let ids: Vec<_> = sales.items.iter().map(|sale| sale.auction).collect();
    assert_eq!(ids, [id(7), id(6), id(4), id(1)], "newest first");
    let sale = sales.items.last().expect("four sales");
    assert_eq!((sale.sale, &*sale.buyer, &*sale.seller), (Some(SaleState::Returned), "north", "globe"));
    for (buyer, found) in [("north", true), ("south", false)] {
        let own = opened.store.as_buyer(buyer);
        for reference in [SaleRef::Sale(sale.sale_id), SaleRef::Post(sale.post_id)] {
            assert_eq!(own.sale(reference).await.expect("it reads").is_some(), found, "{buyer}");
        }
    }
    for (seller, found) in [("globe", true), ("acme", false)] {
        let own = opened.store.as_seller(seller);
        assert_eq!(own.sale(sale.sale_id).await.expect("it reads").is_some(), found, "{seller}");
        assert_eq!(own.lead(id(1)).await.expect("it reads").is_some(), found, "{seller}");
        let globe = LeadFilter { seller: Some("globe".into()), ..LeadFilter::default() };
        let leads = own.leads(&globe, &Page::default()).await.expect("it reads");
        let all_own = leads.items.iter().all(|lead| *lead.seller == *seller);
        assert!(all_own, "a filter does not lead out of the scope");
    }
    let bought = opened.store.as_buyer("south").sales(&SaleFilter::default(), &Page::default()).await;
    assert_eq!(bought.expect("it reads").items.len(), 1);
    let balances = opened.store.as_buyer("south").balances().await.expect("they read");
    let held = i128::from(PRICE.micros()).saturating_sub(100_000_000);
    assert_eq!(
        balances.iter().map(|one| (&*one.account, one.micros)).collect::<Vec<_>>(),
        [("buyer:south prepaid", held)]
    );
}

/// Pages join to the whole list, also when rows are added in between, and filters choose.
async fn check_pages(opened: &Opened) {
    let operator = opened.store.as_operator();
    let mut page = Page { limit: 2, after: None };
    let mut leads = Vec::new();
    loop {
        let listed = operator.leads(&LeadFilter::default(), &page).await.expect("it reads");
        leads.extend(listed.items.iter().map(|lead| lead.id));
        match listed.next {
            Some(next) => page.after = Some(next),
            None => break,
        }
    }
    assert_eq!(leads, [7, 6, 5, 4, 3, 2, 1].map(id));
    let filter = LeadFilter {
        state: Some(LeadState::Unsold),
        from: Some(UtcMicros(START + 3_000)),
        ..LeadFilter::default()
    };
    let unsold = operator.leads(&filter, &Page::default()).await.expect("it reads");
    assert_eq!(unsold.items.iter().map(|lead| lead.id).collect::<Vec<_>>(), [id(5), id(3)]);
    let bad = Page { limit: 2, after: Some("nonsense".into()) };
    assert!(operator.leads(&LeadFilter::default(), &bad).await.is_err());
}

/// A sale is due when its window is over, and never twice; an unknown is open until it is resolved.
async fn check_due(opened: &Opened, end: i64) {
    let exchange = opened.store.as_exchange();
    let due = |now| exchange.due(UtcMicros(now), 10);
    assert!(due(end).await.expect("it reads").is_empty());
    let later = due(end + WINDOW).await.expect("it reads");
    // Of four sales one was returned and one, settled, was reversed.
    assert_eq!(later.iter().map(|sale| sale.auction).collect::<Vec<_>>(), [id(6), id(7)]);
    assert!(later.is_sorted_by_key(|sale| sale.settles_at));
    assert!(exchange.unknowns(&Page::default()).await.expect("it reads").items.is_empty());
}

/// What sellers are told: how each lead ended, once, and what happened to its sales afterwards.
async fn check_events(opened: &Opened) {
    let exchange = opened.store.as_exchange();
    let told = async |seller: usize| {
        let seller = SELLERS.get(seller).expect("one of two");
        let events = exchange.events_of(seller, 0, 100).await.expect("it reads");
        assert!(events.is_sorted_by_key(|event| event.sequence));
        let second = events.get(1).expect("several").sequence;
        let rest = exchange.events_of(seller, second, 100).await.expect("it reads");
        assert_eq!(rest.len(), events.len().saturating_sub(2), "those after a record");
        events.iter().map(|event| (event.kind, event.lead, event.reason)).collect::<Vec<_>>()
    };
    let even = [
        (EventKind::LeadUnsold, id(2), Some("no_bid")),
        (EventKind::LeadSold, id(4), None),
        (EventKind::LeadSold, id(6), None),
        (EventKind::SaleAdjusted, id(4), None),
        (EventKind::LeadSettled, id(4), None),
        (EventKind::SaleAdjusted, id(4), None),
    ];
    assert_eq!(told(0).await, even);
    let odd = [
        (EventKind::LeadSold, id(1), None),
        (EventKind::LeadUnsold, id(3), Some("posts_rejected")),
        (EventKind::LeadUnsold, id(5), Some("posts_rejected")),
        (EventKind::SaleReturned, id(1), Some("bad_contact")),
        (EventKind::LeadSold, id(7), None),
    ];
    assert_eq!(told(1).await, odd);
}

/// Auctions in which somebody bid, in the order in which they ended, and posts that were resolved after that.
async fn check_closings(opened: &Opened) {
    let exchange = opened.store.as_exchange();
    let listed = async |vertical, after| exchange.closings_of(vertical, after, 100).await.expect("it reads");
    let closings = listed("solar", 0).await;
    let told: Vec<_> = closings
        .iter()
        .map(|closing| (closing.story.id, closing.resolved.as_ref().map(|(_, post)| post.state)))
        .collect();
    let expected = [
        (id(1), None),
        (id(3), None),
        (id(4), None),
        (id(5), None),
        (id(4), Some(PostState::Accepted)),
        (id(5), Some(PostState::Failed(Reason::PostRejected))),
        (id(6), None),
        (id(7), None),
    ];
    assert_eq!(told, expected);
    assert!(closings.is_sorted_by_key(|closing| closing.sequence));
    let third = closings.get(2).map(|closing| closing.sequence).expect("eight");
    assert_eq!(listed("solar", third).await.len(), 5, "those after a record");
    assert!(listed("wind", 0).await.is_empty());
}

/// How far receivers have been told: everything in a store that is new, from now on for those who come later.
async fn check_receivers(opened: &Opened) {
    let exchange = opened.store.as_exchange();
    let keep = async |names: &[&str]| {
        let names: Vec<Box<str>> = names.iter().map(|name| Box::from(*name)).collect();
        let mut kept = exchange.keep_receivers(&names).await.expect("it is written");
        kept.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        kept
    };
    let at =
        |name: &str, sequence: u64| ReceiverView { name: name.into(), sequence, attempts: 0, next_at: None };
    assert_eq!(keep(&["webhook acme"]).await, [at("webhook acme", 0)], "a new store tells everything");
    let last = opened.projector.cursor();
    assert_eq!(
        keep(&["webhook acme", "webhook best"]).await,
        [at("webhook acme", 0), at("webhook best", last)]
    );
    let waits = ReceiverView { attempts: 2, next_at: Some(UtcMicros(DAY)), ..at("webhook acme", 7) };
    exchange.mark_receiver(&waits).await.expect("it is noted");
    assert_eq!(keep(&["webhook acme"]).await, [waits], "whoever is gone is forgotten");
    assert_eq!(keep(&[]).await, []);
    assert_eq!(keep(&["webhook acme"]).await, [at("webhook acme", last)], "and begins anew");
}

/// However often a person comes again in vain, it stays found as sold; and whoever asks what is held of it is
/// shown every lead, page by page.
async fn check_person(backend: Backend) {
    const TRIES: u128 = 450;
    let mut journal = Journal::new();
    journal.person = Some(77);
    journal.auction(1, Outcome::Accepted);
    for lead in 2..TRIES {
        journal.unsold(lead);
    }
    journal.lead(TRIES);
    let opened = Opened::with(Database::new(backend), journal.records).await;
    let seen = opened.store.as_exchange().person(print(77)).await.expect("it reads");
    let counts: Vec<_> = seen.iter().take(2).map(|one| (one.lead, one.state)).collect();
    assert_eq!(counts, [(id(1), LeadState::Sold), (id(TRIES - 1), LeadState::Unsold)]);
    assert_eq!(seen.len(), usize::from(Page::LIMIT_MAX));
    let mut page = Page::default();
    let mut leads = Vec::new();
    loop {
        let prints = [print(77), print(77) ^ 2];
        let listed = opened.store.as_operator().person(&prints, &page).await.expect("it reads");
        leads.extend(listed.items);
        match listed.next {
            Some(next) => page.after = Some(next),
            None => break,
        }
    }
    assert_eq!(leads, (1..=TRIES).rev().map(id).collect::<Vec<_>>());
    let bad = Page { limit: 2, after: Some("nonsense".into()) };
    assert!(opened.store.as_operator().person(&[print(77)], &bad).await.is_err());
}

#[test]
fn a_person_who_was_sold_stays_found_on_sqlite() {
    run(check_person(Backend::Sqlite));
}

#[test]
fn a_person_who_was_sold_stays_found_on_postgres() {
    run(check_person(Backend::Postgres));
}

#[test]
fn an_unknown_is_open_until_it_is_resolved() {
    run(async {
        let mut journal = Journal::new();
        journal.auction(2, Outcome::Unknown);
        journal.lead(3);
        journal.intent(3, 0);
        let mut opened = Opened::with(Database::new(Backend::Sqlite), journal.records.clone()).await;
        let open = opened.store.as_exchange().unknowns(&Page::default()).await.expect("it reads");
        let states: Vec<_> = open.items.iter().map(|post| (post.auction, post.state)).collect();
        assert_eq!(states, [(id(2), PostState::Unknown), (id(3), PostState::Sending)]);
        let answer =
            opened.store.as_exchange().answer(id(3)).await.expect("it reads").expect("a post is out");
        assert!(matches!(answer.status, AnswerStatus::Pending(_)));
        // A crash ended the auction of lead 3 before its account was written; its post is resolved all the same.
        journal.resolved(3, Outcome::Accepted, [6; 16]);
        opened.projector.project(journal.records).await.expect("it is projected");
        let answer = opened.store.as_exchange().answer(id(3)).await.expect("it reads").expect("it is over");
        assert_eq!((answer.status, answer.payout), (AnswerStatus::Sold, PAYOUT));
        let open = opened.store.as_exchange().unknowns(&Page::default()).await.expect("it reads");
        assert_eq!(open.items.len(), 1);
    });
}
