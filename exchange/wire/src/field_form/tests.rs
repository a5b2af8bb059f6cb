use exchange_catalog::snapshot::FieldKind;

use super::*;
use crate::lead::Mode;
use crate::sample;

/// Checks how a ping shows a lead's fields on a day.
fn check(fields: &str, today: &str, expected: &str) {
    let body = format!(r#"{{"vertical":"solar","fields":{{"zip":"80331","roof":"flat",{fields}}}}}"#);
    let (lead, _) = sample::parsed(&body, Mode::Ping);
    let mut out = Vec::new();
    let today = Date::parse(today).expect("a day");
    write_for_ping(&sample::vertical("solar"), &lead, today, &mut Writer::new(&mut out));
    let text = String::from_utf8(out).expect("UTF-8");
    assert_eq!(text, format!(r#"{{"zip":"803","roof":"flat"{expected}}}"#), "{fields}");
}

#[test]
fn fields_are_coarsened_as_the_vertical_says() {
    let today = "2026-11-20";
    check(r#""kwh":0"#, today, r#","kwh":"0-9999""#);
    check(r#""kwh":9999"#, today, r#","kwh":"0-9999""#);
    check(r#""kwh":10000"#, today, r#","kwh":"10000-19999""#);
    check(r#""area":"62.50""#, today, r#","area":62.5"#);
    check(r#""area":0.000001"#, today, r#","area":0.000001"#);
    check(r#""area":7"#, today, r#","area":7"#);
    check(r#""owner":false"#, today, r#","owner":false"#);
    check(r#""built":"1971-03-05""#, today, r#","built":1971"#);
    check(r#""note":"anything""#, today, "");
}

#[test]
fn age_band_turns_on_the_birthday() {
    let birth = r#""birth_date":"1986-11-21""#;
    check(birth, "2026-11-20", r#","birth_date":"30-39""#);
    check(birth, "2026-11-21", r#","birth_date":"40-49""#);
    check(r#""birth_date":"2026-01-01""#, "2026-11-20", r#","birth_date":"0-9""#);
    check(r#""birth_date":"2027-01-01""#, "2026-11-20", "");
    check(r#""birth_date":"2004-02-29""#, "2024-02-28", r#","birth_date":"10-19""#);
}

#[test]
fn forms_that_do_not_fit_show_nothing() {
    let (lead, _) = sample::parsed(sample::WHOLE_LEAD, Mode::Lead);
    let forms = [PingForm::Year, PingForm::AgeBand(10), PingForm::Band(0), PingForm::AgeBand(0)];
    for form in forms {
        let mut vertical = sample::vertical("solar");
        for field in &mut vertical.fields {
            let fits = matches!((form, &field.kind), (PingForm::Year, FieldKind::Date));
            let fits = fits || matches!((form, &field.kind), (PingForm::AgeBand(1..), FieldKind::Date));
            field.ping = if fits { PingForm::Withheld } else { form };
        }
        let mut out = Vec::new();
        write_for_ping(&vertical, &lead, Date::from_days(20_000), &mut Writer::new(&mut out));
        assert_eq!(out, b"{}", "{form:?}");
    }
}

#[test]
fn field_of_the_post_is_in_no_ping_whatever_its_form() {
    let (lead, _) = sample::parsed(sample::WHOLE_LEAD, Mode::Lead);
    let mut vertical = sample::vertical("solar");
    for field in &mut vertical.fields {
        (field.given, field.ping) = (Stage::Post, PingForm::Whole);
    }
    let mut out = Vec::new();
    write_for_ping(&vertical, &lead, Date::from_days(20_000), &mut Writer::new(&mut out));
    assert_eq!(out, b"{}");
}

#[test]
fn prefix_counts_characters() {
    assert_eq!(prefix("80331", 3), "803");
    assert_eq!(prefix("Köln", 2), "Kö");
    assert_eq!(prefix("ab", 5), "ab");
    assert_eq!(prefix("ab", 0), "");
}

#[test]
fn decimals_are_written_without_trailing_zeros() {
    for (micros, text) in
        [(0, "0"), (1, "0.000001"), (-1_500_000, "-1.5"), (62_500_000, "62.5"), (-7_000_000, "-7")]
    {
        assert_eq!(Decimal(Amount::from_micros(micros)).to_string(), text);
    }
    assert_eq!(Decimal(Amount::from_micros(i64::MIN)).to_string(), "-9223372036854.775808");
}
