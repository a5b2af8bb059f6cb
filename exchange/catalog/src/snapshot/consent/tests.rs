use exchange_types::{SellerIndex, VerticalIndex};

use super::*;

/// 2026-11-20T08:15:30Z.
const AT: UtcMicros = UtcMicros(1_795_162_530_000_000);

fn lead(consent: &[(&str, &str)]) -> Submission {
    let mut lead = Submission::default();
    lead.reset(VerticalIndex(0), SellerIndex(0), 0);
    for (name, text) in consent {
        let known = ConsentKey::ALL.into_iter().find(|(_, known)| known == name);
        lead.set_consent(known.expect("a key of the wire").0, text);
    }
    lead
}

#[track_caller]
fn check(rule: &ConsentRule, stage: Stage, consent: &[(&str, &str)], expected: bool) {
    assert_eq!(rule.is_met(&lead(consent), stage, AT), expected, "{rule:?} {consent:?}");
}

#[test]
fn proofs_count_in_the_form_of_their_witness() {
    let form = ConsentRule { proofs: [Proof::TrustedForm].into(), age_max: None };
    let cert = ("trustedform_cert_url", "https://cert.trustedform.com/0123abcd");
    let ping = ("trustedform_ping_url", "https://ping.trustedform.com/0.Ab-c_d");
    check(&form, Stage::Ping, &[], false);
    check(&form, Stage::Ping, &[ping], true);
    check(&form, Stage::Post, &[ping], false);
    check(&form, Stage::Post, &[cert], true);
    for bad in [
        "n/a",
        "https://cert.trustedform.com/",
        "http://cert.trustedform.com/0123",
        "https://cert.trustedform.com.example/0123",
        "https://cert.trustedform.com/01 23",
    ] {
        check(&form, Stage::Post, &[("trustedform_cert_url", bad)], false);
    }
    let leadid = ConsentRule { proofs: [Proof::Jornaya].into(), age_max: None };
    check(&leadid, Stage::Ping, &[("jornaya_lead_id", "4D5A8B71-9c1e-11F0-A2BB-0242AC120002")], true);
    for bad in
        ["4D5A8B71", "4D5A8B71-9C1E-11F0-A2BB-0242AC12000", "4D5A8B71-9C1E-11F0-A2BB-0242AC12000Z", "-"]
    {
        check(&leadid, Stage::Ping, &[("jornaya_lead_id", bad)], false);
    }
    check(&form.and(&leadid), Stage::Post, &[cert], false);
}

#[test]
fn a_consent_is_fresh_up_to_its_age_and_not_of_tomorrow() {
    let rule = ConsentRule { proofs: [].into(), age_max: Some(Nanos::from_secs(900)) };
    for (captured, expected) in [
        ("2026-11-20T08:15:30Z", true),
        ("2026-11-20T09:15:30+01:00", true),
        ("2026-11-20T08:00:30Z", true),
        ("2026-11-20T08:00:29.999999Z", false),
        ("2026-11-20T08:20:30Z", true),
        ("2026-11-20T08:20:31Z", false),
        ("yesterday", false),
    ] {
        check(&rule, Stage::Ping, &[("captured_at", captured)], expected);
    }
    check(&rule, Stage::Ping, &[], false);
}

#[test]
fn two_rules_ask_for_what_both_ask_for() {
    let here = ConsentRule { proofs: [Proof::Jornaya].into(), age_max: Some(Nanos::from_secs(60)) };
    let there = ConsentRule { proofs: [Proof::TrustedForm].into(), age_max: Some(Nanos::from_secs(30)) };
    let both = here.and(&there);
    assert_eq!(*both.proofs, [Proof::TrustedForm, Proof::Jornaya]);
    assert_eq!(both.age_max, Some(Nanos::from_secs(30)));
    assert_eq!(here.and(&ConsentRule::default()), here);
}
