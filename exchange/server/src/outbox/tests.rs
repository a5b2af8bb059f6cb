//! Whose turn it is, and how messages are sent.

use bytes::Bytes;
use exchange_catalog::SigningSecret;
use exchange_store::{EventView, ReceiverView};
use exchange_types::{Amount, Currency, EventKind, NotSent, Uuid7};
use exchange_wire::Signer;
use exchange_wire::sign::Signed;
use http::HeaderValue;

use super::*;

const NOW: UtcMicros = UtcMicros(1_763_626_530_125_000);

fn receiver(owner: &str) -> Receiver {
    Receiver { channel: Channel::Webhook, owner: owner.into() }
}

fn standings(owners: &[&str]) -> Standings {
    let mut standings = Standings::default();
    let receivers: Vec<_> = owners.iter().map(|owner| receiver(owner)).collect();
    let known = receivers.iter().map(|receiver| ReceiverView {
        name: receiver.name(),
        sequence: 0,
        attempts: 0,
        next_at: None,
    });
    let known = known.collect();
    standings.renew(1, receivers, known);
    standings
}

fn owners(begun: &[Standing]) -> Vec<&str> {
    begun.iter().map(|standing| &*standing.receiver.owner).collect()
}

#[test]
fn everybody_has_a_turn_however_few_places_there_are() {
    let mut standings = standings(&["acme", "best", "cold"]);
    for expected in [["acme", "best"], ["cold", "acme"], ["best", "cold"]] {
        let begun = standings.begin(NOW, 9, 2);
        assert_eq!(owners(&begun), expected);
        for standing in begun {
            standings.end(standing);
        }
    }
}

#[test]
fn a_receiver_has_one_message_under_way_and_holds_up_nobody_else() {
    let mut standings = standings(&["acme", "best"]);
    let mut begun = standings.begin(NOW, 9, 9);
    assert_eq!(owners(&begun), ["acme", "best"]);
    assert_eq!(owners(&standings.begin(NOW, 9, 9)), [""; 0], "both are told now");
    let (mut best, mut acme) = (begun.pop().expect("two"), begun.pop().expect("two"));
    acme.oldest = Some(NOW);
    acme.note(5, Some(next_attempt(0, NOW)));
    best.note(6, None);
    assert_eq!((acme.view.sequence, acme.view.attempts), (0, 1), "it was not taken");
    assert_eq!((best.view.sequence, best.view.attempts), (6, 0), "it was taken");
    best.is_even(9);
    standings.end(acme);
    standings.end(best);
    assert_eq!(standings.waiting(Channel::Webhook), (1, Some(NOW)));
    assert_eq!(owners(&standings.begin(NOW, 9, 9)), [""; 0], "one waits, and there is nothing for the other");
    let news = standings.begin(NOW, 10, 9);
    assert_eq!(owners(&news), ["best"]);
    for standing in news {
        standings.end(standing);
    }
    let later = UtcMicros(NOW.0 + 5_000_000);
    assert_eq!(owners(&standings.begin(later, 9, 9)), ["acme"]);
}

#[test]
fn another_catalog_keeps_the_standing_of_those_who_stay() {
    let mut standings = standings(&["acme", "best"]);
    let mut begun = standings.begin(NOW, 9, 1);
    let mut acme = begun.pop().expect("one");
    acme.note(7, None);
    standings.end(acme);
    assert!(standings.is_of(1));
    let known = ["acme", "cold"].map(|owner| ReceiverView {
        name: receiver(owner).name(),
        sequence: 3,
        attempts: 0,
        next_at: None,
    });
    standings.renew(2, vec![receiver("acme"), receiver("cold")], known.to_vec());
    assert!(standings.is_of(2));
    let begun = standings.begin(NOW, 9, 9);
    let told: Vec<_> =
        begun.iter().map(|standing| (&*standing.receiver.owner, standing.view.sequence)).collect();
    assert_eq!(told, [("cold", 3), ("acme", 7)]);
}

#[test]
fn a_message_carries_its_id_and_a_signature_that_holds() {
    let signer = Signer::new(&[SigningSecret::new(&[7; 24])]);
    let event = EventView {
        sequence: 5,
        id: 0xabc,
        kind: EventKind::SaleReturned,
        seller: "acme".into(),
        lead: Uuid7::new(NOW, 7),
        reason: None,
        sale_id: None,
        payout: Amount::from_micros(25_200_000),
        currency: Currency::parse("EUR").expect("a currency"),
        at: NOW,
    };
    let made = webhook::request(&event, &signer, UtcMicros(1_763_626_531_000_000)).expect("made");
    let header = |value: Option<HeaderValue>| value.and_then(|value| value.to_str().map(str::to_owned).ok());
    let id = header(made.headers.webhook_id).expect("an id");
    assert_eq!(id, "evt_00000000000000000000000000000abc");
    let signature = header(made.headers.webhook_signature).expect("a signature");
    let timestamp = 1_763_626_531;
    let message = Signed { id: &id, timestamp, body: &made.body };
    assert_eq!(signer.verify(message, &signature, timestamp), Ok(()));
    assert_eq!(header(made.headers.webhook_timestamp).as_deref(), Some("1763626531"));
    let body: serde_json::Value = serde_json::from_slice(&made.body).expect("JSON");
    assert_eq!(body.get("type"), Some(&serde_json::Value::from("sale.returned")));
}

#[test]
fn success_is_a_status_of_success_and_nothing_else() {
    let answered = |status| read(Ok(Reply { status, body: Bytes::new() })).is_ok();
    for (status, taken) in
        [(200, true), (204, true), (299, true), (199, false), (302, false), (410, false), (500, false)]
    {
        assert_eq!(answered(status), taken, "{status}");
    }
    assert!(read(Err(Failure::ReplyTooLarge { status: Some(200) })).is_ok());
    for failure in
        [Failure::ReplyTooLarge { status: None }, Failure::Timeout, Failure::NotSent(NotSent::Address)]
    {
        assert!(read(Err(failure)).is_err());
    }
}
