//! Which events come next, and how they are sent.

use exchange_catalog::SigningSecret;
use exchange_store::EventKind;
use exchange_types::{Amount, Currency, NotSent, Uuid7};

use super::*;

fn event(id: u128, seller: &str) -> EventView {
    EventView {
        id,
        kind: EventKind::SaleReturned,
        seller: seller.into(),
        lead: Uuid7::new(UtcMicros(1_763_626_530_125_000), 7),
        reason: None,
        sale_id: None,
        payout: Amount::from_micros(25_200_000),
        currency: Currency::parse("EUR").expect("a currency"),
        at: UtcMicros(1_763_626_530_125_000),
        attempts: 0,
    }
}

fn ids(found: &Found, busy: &[&str]) -> Vec<u128> {
    let busy = busy.iter().map(|seller| Box::from(*seller)).collect();
    found.heads(&busy).map(|event| event.id).collect()
}

#[test]
fn the_oldest_event_of_each_seller_comes_first_and_holds_up_its_own_only() {
    let pending = vec![event(1, "acme"), event(2, "best"), event(3, "acme"), event(4, "cold")];
    let all = Found { pending: pending.clone(), due: BTreeSet::from([1, 2, 3, 4]) };
    assert_eq!(ids(&all, &[]), [1, 2, 4]);
    assert_eq!(ids(&all, &["acme"]), [2, 4], "nothing overtakes what is under way");
    let waiting = Found { pending, due: BTreeSet::from([2, 3]) };
    assert_eq!(ids(&waiting, &[]), [2], "event 3 waits behind event 1, which waits for its time");
    assert!(waiting.is_full(4));
    assert!(!waiting.is_full(5));
}

#[test]
fn a_message_carries_its_id_and_a_signature_that_holds() {
    let signer = Signer::new(&[SigningSecret::new(&[7; 24])]);
    let now = UtcMicros(1_763_626_531_000_000);
    let made = request(&event(0xabc, "acme"), &signer, now).expect("made");
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
