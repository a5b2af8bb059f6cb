//! Submissions read back part by part, and damage never panics.

use exchange_types::Amount;
use proptest::prelude::*;

use super::*;

/// A field's value with its text apart.
#[derive(Clone, Debug, PartialEq)]
enum Given {
    Text(String),
    Other(Value),
}

/// All that a submission tells, however its text lies in the buffer.
fn told(submission: &Submission) -> impl PartialEq + std::fmt::Debug {
    let fields = u16::try_from(submission.fields_count()).expect("a bounded count");
    let values: Vec<_> = (0..fields)
        .map(|field| {
            submission.value(FieldIndex(field)).map(|value| match value {
                Value::Text(span) => Given::Text(submission.text(span).reveal().to_owned()),
                Value::Integer(_)
                | Value::Decimal(_)
                | Value::Boolean(_)
                | Value::Choice(_)
                | Value::Date(_) => Given::Other(value),
            })
        })
        .collect();
    let sources: Vec<_> = SourceKey::ALL
        .iter()
        .map(|(key, _)| submission.source(*key).map(|text| text.reveal().to_owned()))
        .collect();
    let numbers = (
        (submission.vertical, submission.seller, submission.floor, submission.max_buyers),
        (submission.prior_sales, submission.wait, submission.session_ms),
    );
    let texts = (
        submission.seller_ref().map(str::to_owned),
        submission.sub_ids().map(str::to_owned).collect::<Vec<_>>(),
    );
    (numbers, values, sources, texts)
}

fn told_of_consent(submission: &Submission) -> (Vec<Option<String>>, Vec<String>) {
    let given = ConsentKey::ALL
        .iter()
        .map(|(key, _)| submission.consent(*key).map(|text| text.reveal().to_owned()))
        .collect();
    (given, submission.named_sellers().map(str::to_owned).collect())
}

fn parts(submission: &Submission) -> [Vec<u8>; 2] {
    [SealClass::Lead, SealClass::Consent].map(|part| {
        let mut bytes = Vec::new();
        encode_submission(submission, part, &mut bytes);
        bytes
    })
}

fn value() -> impl Strategy<Value = Given> {
    prop_oneof![
        "\\PC{0,12}".prop_map(Given::Text),
        any::<i64>().prop_map(|number| Given::Other(Value::Integer(number))),
        any::<i64>().prop_map(|micros| Given::Other(Value::Decimal(Amount::from_micros(micros)))),
        any::<bool>().prop_map(|yes| Given::Other(Value::Boolean(yes))),
        any::<u16>().prop_map(|choice| Given::Other(Value::Choice(choice))),
        any::<i32>().prop_map(|days| Given::Other(Value::Date(Date::from_days(days)))),
    ]
}

prop_compose! {
    fn numbers()(
        floor in any::<Option<i64>>(),
        max_buyers in any::<Option<u16>>(),
        prior_sales in any::<u16>(),
        wait in any::<Option<u64>>(),
        session_ms in any::<Option<u32>>(),
    ) -> Submission {
        let mut submission = Submission::default();
        submission.reset(VerticalIndex(3), SellerIndex(70_000), 0);
        submission.floor = floor.map(Amount::from_micros);
        submission.max_buyers = max_buyers;
        submission.prior_sales = prior_sales;
        submission.wait = wait.map(Nanos);
        submission.session_ms = session_ms;
        submission
    }
}

prop_compose! {
    fn submission()(
        numbers in numbers(),
        values in prop::collection::vec(prop::option::of(value()), 0..8),
        sources in prop::array::uniform10(prop::option::of("\\PC{1,9}")),
        consent in prop::array::uniform9(prop::option::of("\\PC{1,9}")),
        named in prop::collection::vec("\\PC{0,9}", 0..4),
        sub_ids in prop::collection::vec("\\PC{0,9}", 0..limits::SUB_IDS_MAX),
        seller_ref in prop::option::of("\\PC{1,9}"),
    ) -> Submission {
        let mut submission = Submission::default();
        submission.reset(numbers.vertical, numbers.seller, values.len());
        submission.floor = numbers.floor;
        submission.max_buyers = numbers.max_buyers;
        submission.prior_sales = numbers.prior_sales;
        submission.wait = numbers.wait;
        submission.session_ms = numbers.session_ms;
        for (field, given) in (0..).map(FieldIndex).zip(values) {
            let value = given.map(|given| match given {
                Given::Text(text) => Value::Text(submission.push_text(&text)),
                Given::Other(value) => value,
            });
            submission.set_value(field, value);
        }
        for ((key, _), text) in SourceKey::ALL.into_iter().zip(sources) {
            submission.set_source(key, text.as_deref().unwrap_or(""));
        }
        for ((key, _), text) in ConsentKey::ALL.into_iter().zip(consent) {
            submission.set_consent(key, text.as_deref().unwrap_or(""));
        }
        for name in named {
            submission.push_named_seller(&name);
        }
        for sub_id in sub_ids {
            submission.push_sub_id(&sub_id);
        }
        if let Some(reference) = seller_ref {
            submission.set_seller_ref(&reference);
        }
        submission
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_submission_reads_back_from_both_parts(given in submission()) {
        let [lead, consent] = parts(&given);
        let whole = decode_submission(&lead, Some(&consent)).expect("bytes just written");
        prop_assert_eq!(told(&whole), told(&given));
        prop_assert_eq!(told_of_consent(&whole), told_of_consent(&given));
    }

    #[test]
    fn a_lead_reads_back_without_its_consent(given in submission()) {
        let [lead, _] = parts(&given);
        let without = decode_submission(&lead, None).expect("bytes just written");
        prop_assert_eq!(told(&without), told(&given));
        prop_assert!(!has_consent(&without));
    }

    #[test]
    fn cuts_are_noticed_and_flips_never_panic(
        given in submission(),
        place in any::<prop::sample::Index>(),
        bit in 0_u8..8,
    ) {
        let [lead, consent] = parts(&given);
        for length in 0..lead.len() {
            prop_assert!(decode_submission(lead.get(..length).expect("a prefix"), Some(&consent)).is_err());
        }
        for length in 0..consent.len() {
            prop_assert!(decode_submission(&lead, consent.get(..length)).is_err());
        }
        let flip = |bytes: &[u8]| {
            let mut bytes = bytes.to_vec();
            let position = place.index(bytes.len());
            if let Some(byte) = bytes.get_mut(position) {
                *byte ^= 1 << bit;
            }
            bytes
        };
        // The ciphertext's tag notices the damage; here it must only not panic or claim memory without bound.
        let _ = decode_submission(&flip(&lead), Some(&consent));
        let _ = decode_submission(&lead, Some(&flip(&consent)));
    }
}

#[test]
fn parts_and_versions_are_not_confused() {
    let mut submission = Submission::default();
    submission.set_consent(ConsentKey::Text, "yes");
    assert!(has_consent(&submission));
    let [lead, consent] = parts(&submission);
    let refused = |lead: &[u8], consent: Option<&[u8]>| {
        decode_submission(lead, consent).map(|_| ()).expect_err("damage")
    };
    assert_eq!(refused(&consent, None), DecodeError::Kind { kind: 1 });
    assert_eq!(refused(&lead, Some(&lead)), DecodeError::Kind { kind: 0 });
    let more = |part: &[u8]| [part, &[0]].concat();
    assert_eq!(refused(&more(&lead), None), DecodeError::Surplus { at: lead.len() });
    assert_eq!(refused(&lead, Some(&more(&consent))), DecodeError::Surplus { at: consent.len() });
    let later = [2, 0];
    assert_eq!(refused(&later, None), DecodeError::Version { version: 2 });
}

#[test]
fn the_evidence_of_consent_is_in_its_own_part_alone() {
    let mut submission = Submission::default();
    submission.reset(VerticalIndex(0), SellerIndex(0), 1);
    let phone = submission.push_text("+4989canary");
    submission.set_value(FieldIndex(0), Some(Value::Text(phone)));
    submission.set_consent(ConsentKey::Ip, "192.0.2.77");
    submission.push_named_seller("North GmbH");
    let [lead, consent] = parts(&submission);
    let holds = |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(holds(&lead, "+4989canary") && !holds(&consent, "+4989canary"));
    for text in ["192.0.2.77", "North GmbH"] {
        assert!(holds(&consent, text) && !holds(&lead, text), "{text}");
    }
}
