//! A small catalog and a lead for this crate's tests.

use std::sync::{Arc, LazyLock};

use exchange_catalog::snapshot::{
    Agreement, ConsentModel, Disclosure, Field, FieldKind, Payout, PingForm, Quality, RankBy, Rule, Seller,
    Stage, TagRule, Terms, Vertical,
};
use exchange_catalog::{DisposableDomains, QualityCheck, Snapshot};
use exchange_types::{Amount, Currency, Date, FieldIndex, Nanos, SellerIndex, Submission, VerticalIndex};

use crate::lead::{self, Against, Mode, Parsed};

/// What the sample leads are checked with.
static DISPOSABLE: LazyLock<DisposableDomains> = LazyLock::new(DisposableDomains::bundled);

/// The seller to which `solar` is open and `auto` is not.
pub(crate) const SELLER: SellerIndex = SellerIndex(0);
pub(crate) const SOLAR: VerticalIndex = VerticalIndex(1);

/// A lead with every field and every part of the envelope. Each text that may not leave in a ping holds
/// the word `canary` or a digit sequence of its own.
pub(crate) const WHOLE_LEAD: &str = r#"{
    "vertical": "solar",
    "fields": {"zip": "80331", "roof": "pitched", "kwh": 12345, "area": "62.50", "owner": true,
               "birth_date": "1986-11-21", "built": "1971-03-05", "note": "canary-note \"\\\n",
               "first_name": "Canary-Ada", "email": "Canary@Example.ORG ", "phone": "+49 89 5551234"},
    "consent": {"text": "canary-consent-text", "text_version": "canary-version",
                "captured_at": "2026-11-20T08:15:30+01:00", "source_url": "https://canary.example/form",
                "ip": "203.0.113.77", "user_agent": "canary-agent", "named_sellers": ["Canary GmbH", "North AG"],
                "trustedform_cert_url": "https://cert.trustedform.com/canary",
                "trustedform_ping_url": "https://ping.trustedform.com/1", "jornaya_lead_id": "jornaya-1"},
    "source": {"url": "https://canary.example/", "referrer": "https://canary.example/ref", "ip": "203.0.113.78",
               "user_agent": "canary-agent-2", "session_ms": 41000, "channel": "search", "campaign": "canary-c",
               "creative": "canary-d", "keyword": "canary-e", "placement": "canary-f", "device": "canary-g"},
    "sub_ids": ["canary-sub", "canary-click"], "floor": "20.00", "max_buyers": 2, "prior_sales": 1,
    "seller_ref": "canary-ref", "wait_ms": 4000, "test": false
}"#;

pub(crate) fn snapshot() -> Snapshot {
    Snapshot {
        version: 1,
        verticals: Box::new([vertical("auto"), vertical("solar")]),
        sellers: Box::new([Seller {
            name: "acme".into(),
            agreements: Box::new([(SOLAR, agreement())]),
            holds_max: 10,
            limits: exchange_catalog::snapshot::SupplyLimits::default(),
            webhook: None,
            postback: None,
        }]),
        buyers: Box::new([]),
        campaigns: Box::new([]),
        endpoints: Box::new([]),
        sources: Arc::default(),
        tests: Arc::default(),
    }
}

/// Returns what bodies are read against, on 2026-11-21.
pub(crate) fn against(snapshot: &Snapshot) -> Against<'_> {
    let today = Date::parse("2026-11-21").expect("a day");
    Against { snapshot, seller: SELLER, quality: QualityCheck { today, disposable: &DISPOSABLE } }
}

/// Parses a lead that is right.
pub(crate) fn parsed(body: &str, mode: Mode) -> (Submission, Parsed) {
    let mut out = Submission::default();
    let parsed =
        lead::parse(body.as_bytes(), mode, against(&snapshot()), &mut out).expect("the lead is right");
    (out, parsed)
}

pub(crate) fn vertical(name: &str) -> Vertical {
    let fields = fields();
    let mut fields_by_name = (0..).map(FieldIndex).take(fields.len()).collect::<Vec<_>>();
    fields_by_name.sort_by_key(|index| fields.get(index.at()).map(|field| field.name.clone()));
    Vertical {
        name: name.into(),
        currency: Currency::parse("EUR").expect("a currency"),
        fields,
        fields_by_name: fields_by_name.into(),
        rule: Rule::FirstPrice,
        rank_by: RankBy::Payout,
        max_buyers: 3,
        reserve: None,
        bid_max: Amount::from_micros(10_000_000_000),
        cascade_into_margin: true,
        minimum_to_win: None,
        disclose_floor: false,
        disclosure: Disclosure::Pseudonym,
        consent_model: ConsentModel::Named,
        bid_window: Nanos::from_millis(200),
        answer_by: Nanos::from_secs(4),
        post_min: Nanos::from_millis(500),
        post_timeout: Nanos::from_secs(3),
        hold_time: Nanos::from_secs(30),
        offers_held: 2,
        duplicate_window: Nanos::from_secs(86_400),
        resubmit_after: Nanos::from_secs(900),
        near_duplicate: None,
        identity: Box::new([]),
        rules: Box::new([]),
        campaigns: Box::new([]),
    }
}

fn agreement() -> Agreement {
    let terms = Terms { payout: Payout::None, min_margin: Amount::ZERO, allow_loss: false };
    Agreement {
        terms,
        buyers: Box::new([]),
        sub_ids: Box::new([]),
        sources: Box::new([]),
        channels: Box::new([]),
        partners: TagRule::default(),
    }
}

fn fields() -> Box<[Field]> {
    let at_ping = |name: &str, kind, required: bool, ping| Field {
        name: name.into(),
        quality: quality_of(&kind),
        kind,
        required: required.then_some(Stage::Ping),
        given: Stage::Ping,
        ping,
        personal: false,
    };
    let at_post = |name: &str, kind, required: bool| Field {
        name: name.into(),
        quality: quality_of(&kind),
        kind,
        required: required.then_some(Stage::Post),
        given: Stage::Post,
        ping: PingForm::Withheld,
        personal: true,
    };
    let decimal = FieldKind::Decimal { min: Amount::ZERO, max: Amount::from_micros(500_000_000) };
    Box::new([
        at_ping("zip", FieldKind::PostalCode { country: *b"DE" }, true, PingForm::Prefix(3)),
        at_ping(
            "roof",
            FieldKind::Enum { values: ["pitched".into(), "flat".into()].into() },
            true,
            PingForm::Whole,
        ),
        at_ping("kwh", FieldKind::Integer { min: 0, max: 99_999 }, false, PingForm::Band(10_000)),
        at_ping("area", decimal, false, PingForm::Whole),
        at_ping("owner", FieldKind::Boolean, false, PingForm::Whole),
        at_ping("birth_date", FieldKind::Date, false, PingForm::AgeBand(10)),
        at_ping("built", FieldKind::Date, false, PingForm::Year),
        at_ping("note", FieldKind::Text { bytes_max: 40 }, false, PingForm::Withheld),
        at_post("first_name", FieldKind::Text { bytes_max: 20 }, true),
        at_post("email", FieldKind::Email, true),
        at_post("phone", FieldKind::Phone { country: *b"DE" }, false),
    ])
}

fn quality_of(kind: &FieldKind) -> Quality {
    if matches!(kind, FieldKind::Phone { .. }) {
        return Quality::Phone { kinds: Box::new([]) };
    }
    if matches!(kind, FieldKind::Email) {
        return Quality::Email { refuse_disposable: true };
    }
    if matches!(kind, FieldKind::Date) {
        return Quality::Date { min: None, max: None, min_age: None, max_age: Some(120) };
    }
    Quality::Any
}
