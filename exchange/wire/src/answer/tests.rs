use exchange_types::Uuid7;

use super::*;

fn id() -> Uuid7 {
    Uuid7::new(UtcMicros(1_763_626_530_125_000), 7)
}

fn eur() -> Currency {
    Currency::parse("EUR").expect("a currency")
}

fn check(render: impl Fn(&mut Vec<u8>), expected: &str) {
    let mut out = Vec::new();
    render(&mut out);
    let text = String::from_utf8(out).expect("UTF-8").replace(&format!("{:032x}", id().as_u128()), "ID");
    assert_eq!(text, expected);
    serde_json::from_str::<serde_json::Value>(&text).expect("JSON");
}

fn lead(status: LeadStatus<'_>) -> LeadAnswer<'_> {
    LeadAnswer {
        lead_id: Some(LeadId(id())),
        auction_id: Some(AuctionId(id())),
        status,
        payout: Amount::ZERO,
        currency: eur(),
        sales: &[],
        test: false,
        warnings: &[],
        elapsed_ms: 184,
    }
}

#[test]
fn sold_lead_names_its_sales() {
    let sales = [SaleAnswer {
        sale_id: SaleId(id()),
        buyer_ref: Pseudonym([1; 16]),
        sellers: &["Sonne & \"Söhne\" GmbH"],
        payout: Amount::from_micros(31_500_000),
        exclusive: true,
        redirect_url: "https://buyer.example/x",
    }];
    let warnings = ["fields.x: is not a field of this vertical and was dropped".to_owned()];
    let payout = Amount::from_micros(31_500_000);
    let answer =
        LeadAnswer { payout, sales: &sales, warnings: &warnings, ..lead(LeadStatus::Sold { open: None }) };
    check(
        |out| answer.render(out),
        concat!(
            r#"{"lead_id":"lead_ID","auction_id":"auc_ID","status":"sold","payout":"31.50","currency":"EUR","#,
            r#""sales":[{"sale_id":"sale_ID","buyer_ref":"01010101010101010101010101010101","#,
            r#""sellers":["Sonne & \"Söhne\" GmbH"],"payout":"31.50","exclusive":true,"#,
            r#""redirect_url":"https://buyer.example/x"}],"#,
            r#""warnings":["fields.x: is not a field of this vertical and was dropped"],"elapsed_ms":184}"#,
        ),
    );
}

#[test]
fn absent_parts_are_left_out() {
    let sales = [SaleAnswer {
        sale_id: SaleId(id()),
        buyer_ref: Pseudonym([0; 16]),
        sellers: &[],
        payout: Amount::ZERO,
        exclusive: false,
        redirect_url: "",
    }];
    let answer = LeadAnswer { sales: &sales, ..lead(LeadStatus::Sold { open: None }) };
    check(
        |out| answer.render(out),
        concat!(
            r#"{"lead_id":"lead_ID","auction_id":"auc_ID","status":"sold","payout":"0.00","currency":"EUR","#,
            r#""sales":[{"sale_id":"sale_ID","buyer_ref":"00000000000000000000000000000000","#,
            r#""payout":"0.00","exclusive":false}],"elapsed_ms":184}"#,
        ),
    );
}

#[test]
fn every_status_carries_its_own_parts() {
    let tail = r#""payout":"0.00","currency":"EUR","sales":[],"elapsed_ms":184}"#;
    let errors = [QualityFault {
        field: "fields.phone".into(),
        code: "impossible".into(),
        message: "no such number can exist".into(),
    }];
    let until = Unsettled { settles_by: UtcMicros(1_763_626_530_125_000), retry_after_ms: 500 };
    let cases = [
        (
            LeadStatus::Sold { open: Some(until) },
            concat!(
                r#""status":"sold","status_url":"/v1/leads/lead_ID","#,
                r#""settles_by":"2025-11-20T08:15:30.125Z","retry_after_ms":500,"#
            ),
        ),
        (LeadStatus::Unsold(UnsoldReason::NoBid), r#""status":"unsold","reason":"no_bid","#),
        (
            LeadStatus::Duplicate(Duplicate { scope: DuplicateScope::Own, lead_status: Some("sold") }),
            r#""status":"duplicate","scope":"own","lead_status":"sold","#,
        ),
        (
            LeadStatus::Duplicate(Duplicate { scope: DuplicateScope::Exchange, lead_status: None }),
            r#""status":"duplicate","scope":"exchange","#,
        ),
        (
            LeadStatus::Invalid { errors: &errors },
            concat!(
                r#""status":"invalid","errors":[{"field":"fields.phone","code":"impossible","#,
                r#""message":"no such number can exist"}],"#
            ),
        ),
        (
            LeadStatus::Pending { reason: PendingReason::PostUnknown, until },
            concat!(
                r#""status":"pending","reason":"post_unknown","status_url":"/v1/leads/lead_ID","#,
                r#""settles_by":"2025-11-20T08:15:30.125Z","retry_after_ms":500,"#
            ),
        ),
    ];
    for (status, middle) in cases {
        let answer = lead(status);
        let head = r#"{"lead_id":"lead_ID","auction_id":"auc_ID","#;
        check(|out| answer.render(out), &format!("{head}{middle}{tail}"));
    }
}

#[test]
fn ping_answer_lists_offers() {
    let at = UtcMicros(1_763_626_530_000_000);
    let offers = [OfferAnswer {
        offer_id: OfferId(id()),
        payout: Amount::from_micros(24_000_000),
        max_buyers: 1,
        buyer_ref: Pseudonym([2; 16]),
        sellers: &[],
        expires_at: at,
    }];
    let answer = PingAnswer {
        ping_id: Some(PingId(id())),
        status: PingStatus::Offers,
        currency: eur(),
        expires_at: Some(at),
        offers: &offers,
        test: false,
        warnings: &[],
    };
    check(
        |out| answer.render(out),
        concat!(
            r#"{"ping_id":"ping_ID","status":"offers","currency":"EUR","expires_at":"2025-11-20T08:15:30.000Z","#,
            r#""offers":[{"offer_id":"ofr_ID","payout":"24.00","max_buyers":1,"#,
            r#""buyer_ref":"02020202020202020202020202020202","expires_at":"2025-11-20T08:15:30.000Z"}]}"#,
        ),
    );
}

#[test]
fn ping_without_offers_says_why() {
    let answer = PingAnswer {
        ping_id: Some(PingId(id())),
        status: PingStatus::NoOffer(Some(UnsoldReason::BelowFloor)),
        currency: eur(),
        expires_at: None,
        offers: &[],
        test: false,
        warnings: &[],
    };
    let expected =
        r#"{"ping_id":"ping_ID","status":"no_offer","reason":"below_floor","currency":"EUR","offers":[]}"#;
    check(|out| answer.render(out), expected);
    let duplicate = Duplicate { scope: DuplicateScope::Own, lead_status: Some("unsold") };
    let status = PingStatus::Duplicate { lead_id: Some(LeadId(id())), duplicate };
    let own = PingAnswer { ping_id: None, status, ..answer };
    let expected = concat!(
        r#"{"status":"duplicate","lead_id":"lead_ID","scope":"own","lead_status":"unsold","#,
        r#""currency":"EUR","offers":[]}"#
    );
    check(|out| own.render(out), expected);
}
