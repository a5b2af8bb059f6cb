//! Leads that are well formed, and what is wrong with each.

use exchange_types::{SellerIndex, UtcMicros, VerticalIndex};

use super::*;
use crate::{CompileOptions, Snapshot, SourceFile, compile};

/// A vertical with every rule of quality.
const CATALOG: &str = r#"
[verticals.loan]
currency = "EUR"
rules = [
    { when = { field = "owner", equals = false }, refuse = { field = "object", equals = "house" }, code = "not_owner", message = "only owners borrow on a house" },
    { require = { any = [{ field = "phone", exists = true }, { field = "email", exists = true }] }, field = "phone", message = "a phone or an address has to be given" },
    { ascending = ["moved_in", "moved_out"], code = "order", message = "nobody moves out before moving in" },
]
[verticals.loan.fields.phone]
type = "phone"
country = "DE"
[verticals.loan.fields.mobile]
type = "phone"
country = "US"
kinds = ["mobile"]
[verticals.loan.fields.german_mobile]
type = "phone"
country = "DE"
kinds = ["mobile", "voip"]
[verticals.loan.fields.email]
type = "email"
refuse_disposable = true
[verticals.loan.fields.other_email]
type = "email"
[verticals.loan.fields.birth_date]
type = "date"
min_age = 18
max_age = 99
[verticals.loan.fields.wanted_on]
type = "date"
min = "today"
max = "today+90d"
[verticals.loan.fields.built_on]
type = "date"
min = "1900-01-01"
[verticals.loan.fields.moved_in]
type = "date"
[verticals.loan.fields.moved_out]
type = "date"
[verticals.loan.fields.owner]
type = "boolean"
[verticals.loan.fields.object]
type = "enum"
values = ["house", "flat"]
"#;

/// Fields of a lead, the rules that a whole one breaks, and those that it breaks where more may come.
type Case<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str], &'a [&'a str]);

fn snapshot() -> Snapshot {
    let file = SourceFile { name: "catalog.toml".to_owned(), text: CATALOG.to_owned() };
    let options = CompileOptions {
        version: 1,
        now: UtcMicros(0),
        secrets: &|_| None,
        source_names: None,
        allow_http: false,
    };
    compile(&[file], &options).expect("the catalog is right").0
}

/// Reads fields on a day and returns the lead with the faults of its fields, as `field code`.
fn read(vertical: &Vertical, day: &str, fields: &[(&str, &str)]) -> (Submission, Vec<String>) {
    let disposable = DisposableDomains::bundled();
    let check = QualityCheck { today: Date::parse(day).expect("a day"), disposable: &disposable };
    let mut lead = Submission::default();
    lead.reset(VerticalIndex(0), SellerIndex(0), vertical.fields.len());
    let mut faults = Vec::new();
    for (name, text) in fields {
        let index = vertical.field_named(name).expect(name);
        let field = vertical.field(index).expect(name);
        let read = check.parse_text(field, text, &mut |kept| lead.push_text(kept));
        let (value, fault) = read.unwrap_or_else(|error| panic!("{name} {text}: {error}"));
        lead.set_value(index, Some(value));
        faults.extend(fault.map(|fault| shown(&fault)));
    }
    (lead, faults)
}

fn shown(fault: &QualityFault) -> String {
    format!("{} {}: {}", fault.field, fault.code, fault.message)
}

#[test]
fn values_are_checked_as_they_are_read() {
    let snapshot = snapshot();
    let vertical = snapshot.vertical(VerticalIndex(0)).expect("the only vertical");
    let check = |name: &str, text: &str, expected: &str| {
        let (_, faults) = read(vertical, "2026-11-21", &[(name, text)]);
        let expected = if expected.is_empty() { vec![] } else { vec![format!("fields.{name} {expected}")] };
        assert_eq!(faults, expected, "{name} {text}");
    };
    let impossible = "impossible: is a number that no country has";
    for good in ["+49 89 123456", "089/123456", "+1 202 555 0100", "0151 12345678", "+39 06 1234567"] {
        check("phone", good, "");
    }
    for bad in ["+49 170 000000", "+1 000 000 0000", "+49 00 0000000", "+999 12345678", "+491700000000001"] {
        check("phone", bad, impossible);
    }
    let kind = "wrong_kind: is a number of a kind that is not taken here";
    check("german_mobile", "+49 151 12345678", "");
    check("german_mobile", "+49 89 123456", kind);
    check("german_mobile", "0800 1234567", kind);
    check("german_mobile", "+49 00 0000000", impossible);
    // In North America numbers do not tell mobile phones from others.
    check("mobile", "+1 202 555 0100", "");
    check("mobile", "+1 800 555 0100", kind);
    check("email", "ada@example.org", "");
    check("email", "ADA@Mail.Mailinator.COM", "disposable: is an address that is thrown away after use");
    check("other_email", "ada@mailinator.com", "");
    check("birth_date", "2008-11-21", "");
    check("birth_date", "2008-11-22", "too_young: is less than 18 years ago");
    check("birth_date", "2027-01-01", "too_young: is less than 18 years ago");
    check("birth_date", "1926-11-22", "");
    check("birth_date", "1926-11-21", "too_old: is more than 99 years ago");
    check("wanted_on", "2026-11-21", "");
    check("wanted_on", "2026-11-20", "out_of_range: is before 2026-11-21");
    check("wanted_on", "2027-02-19", "");
    check("wanted_on", "2027-02-20", "out_of_range: is after 2027-02-19");
    check("built_on", "1900-01-01", "");
    check("built_on", "1899-12-31", "out_of_range: is before 1900-01-01");
}

#[test]
fn who_is_born_on_a_leap_day_comes_of_age_on_the_first_of_march() {
    let snapshot = snapshot();
    let vertical = snapshot.vertical(VerticalIndex(0)).expect("the only vertical");
    for (day, count) in [("2022-02-28", 1), ("2022-03-01", 0)] {
        let (_, faults) = read(vertical, day, &[("birth_date", "2004-02-29")]);
        assert_eq!(faults.len(), count, "{day}: {faults:?}");
    }
}

#[test]
fn rules_hold_across_fields() {
    let snapshot = snapshot();
    let vertical = snapshot.vertical(VerticalIndex(0)).expect("the only vertical");
    let reach = ("phone", "+4989123456");
    let nobody = "fields.phone rule: a phone or an address has to be given";
    let owner = "fields.object not_owner: only owners borrow on a house";
    let order = "fields.moved_in order: nobody moves out before moving in";
    let cases: [Case<'_>; 7] = [
        (&[reach], &[], &[]),
        (&[], &[nobody], &[]),
        (&[reach, ("owner", "no"), ("object", "house")], &[owner], &[owner]),
        (&[reach, ("owner", "no"), ("object", "flat")], &[], &[]),
        (&[reach, ("object", "house")], &[], &[]),
        (&[reach, ("moved_in", "2020-05-01"), ("moved_out", "2020-04-30")], &[order], &[order]),
        (&[reach, ("moved_in", "2020-05-01"), ("moved_out", "2020-05-01")], &[], &[]),
    ];
    for (fields, whole, so_far) in cases {
        let (lead, faults) = read(vertical, "2026-11-21", fields);
        assert_eq!(faults, Vec::<String>::new(), "{fields:?}");
        let texts = |faults: Vec<QualityFault>| faults.iter().map(shown).collect::<Vec<_>>();
        assert_eq!(texts(vertical.broken_rules(&lead)), whole, "{fields:?}");
        assert_eq!(texts(vertical.broken_rules_so_far(&lead)), so_far, "{fields:?}");
    }
}
