use exchange_types::{SellerIndex, Span, VerticalIndex};
use proptest::prelude::*;

use super::*;
use crate::compile::tests::compile_texts;
use crate::snapshot::Vertical;

const VERTICAL: &str = r#"
[buyers.b]
legal_name = "B"
time_zone = "UTC"
[verticals.v]
currency = "EUR"
[verticals.v.fields]
zip = { type = "postal_code", country = "DE" }
roof = { type = "enum", values = ["flat", "pitched", "shed"] }
area = { type = "integer", min = -100, max = 1000 }
price = { type = "decimal", max = "1000" }
owner = { type = "boolean" }
birth = { type = "date" }
name = { type = "text" }
phone = { type = "phone", country = "DE", given = "ping" }
"#;

/// Returns the filter of a campaign with its vertical.
fn compiled(filter: &str) -> (Filter, Vertical) {
    let campaign = format!(
        r#"
[campaigns.c]
buyer = "b"
vertical = "v"
price = "1.00"
post = {{ url = "https://b.example/" }}
signing_secrets = ["env:NORTH"]
filter = {filter}
"#
    );
    let (snapshot, _) =
        compile_texts(&[VERTICAL, &campaign]).unwrap_or_else(|found| panic!("{filter}: {found:?}"));
    let campaign = snapshot.campaigns.first().expect("one campaign");
    (campaign.filter.clone(), snapshot.verticals.first().expect("one vertical").clone())
}

/// Returns a lead with these fields, read as a seller's texts are.
fn lead(vertical: &Vertical, fields: &[(&str, &str)]) -> Submission {
    let mut lead = Submission::default();
    lead.reset(VerticalIndex(0), SellerIndex(0), vertical.fields.len());
    for (name, text) in fields {
        let index = vertical.field_named(name).expect("a field of the vertical");
        let kind = &vertical.field(index).expect("a field of the vertical").kind;
        let value = kind.parse_text(text, &mut |text| lead.push_text(text)).expect("a valid value");
        lead.set_value(index, Some(value));
    }
    lead
}

#[track_caller]
fn check(filter: &str, fields: &[(&str, &str)], expected: Result<(), &str>) {
    let (filter, vertical) = compiled(filter);
    let outcome = filter.check(&lead(&vertical, fields));
    let shown = outcome.map_err(|miss| filter.describe(miss, &vertical).to_string());
    assert_eq!(shown, expected.map_err(str::to_owned));
    assert_eq!(filter.matches(&lead(&vertical, fields)), expected.is_ok());
}

#[test]
fn every_test_takes_and_refuses() {
    let zip = r#"{ field = "zip", prefix = ["80", "8033", "1"] }"#;
    check(zip, &[("zip", "80331")], Ok(()));
    check(zip, &[("zip", "10115")], Ok(()));
    check(zip, &[("zip", "81000")], Err("filter: zip begins with 1, 80"));
    check(zip, &[], Err("filter: zip begins with 1, 80"));
    let roof = r#"{ field = "roof", in = ["shed", "flat"] }"#;
    check(roof, &[("roof", "shed")], Ok(()));
    check(roof, &[("roof", "pitched")], Err("filter: roof is flat, shed"));
    let area = r#"{ field = "area", range = { min = 5, max = 10 } }"#;
    check(area, &[("area", "5")], Ok(()));
    check(area, &[("area", "10")], Ok(()));
    check(area, &[("area", "11")], Err("filter: area is from 5 to 10"));
    check(r#"{ field = "area", range = { min = 5 } }"#, &[("area", "1000")], Ok(()));
    check(r#"{ field = "area", in = [3, -4] }"#, &[("area", "-4")], Ok(()));
    let price = r#"{ field = "price", range = { min = "0.5", max = 9.75 } }"#;
    check(price, &[("price", "9.75")], Ok(()));
    check(price, &[("price", "9.76")], Err("filter: price is from 0.5 to 9.75"));
    check(r#"{ field = "price", equals = 2.50 }"#, &[("price", "2.5")], Ok(()));
    check(r#"{ field = "owner", equals = true }"#, &[("owner", "no")], Err("filter: owner is true"));
    let birth = r#"{ field = "birth", range = { max = "1999-12-31" } }"#;
    check(birth, &[("birth", "1999-12-31")], Ok(()));
    check(birth, &[("birth", "2000-01-01")], Err("filter: birth is from 0001-01-01 to 1999-12-31"));
    check(r#"{ field = "name", equals = "Ada" }"#, &[("name", "ada")], Err("filter: name is Ada"));
    check(r#"{ field = "phone", equals = "089 123456" }"#, &[("phone", "+49 89 123456")], Ok(()));
    check(r#"{ field = "phone", prefix = "+4989" }"#, &[("phone", "089 123456")], Ok(()));
}

#[test]
fn what_is_not_given_meets_nothing_but_its_absence() {
    check(r#"{ field = "name", exists = true }"#, &[], Err("filter: name is given"));
    check(r#"{ field = "name", exists = false }"#, &[], Ok(()));
    check(r#"{ field = "name", exists = false }"#, &[("name", "x")], Err("filter: name is not given"));
    check(r#"{ not = { field = "name", equals = "x" } }"#, &[], Ok(()));
    check(r#"{ field = "owner", equals = false }"#, &[], Err("filter: owner is false"));
}

#[test]
fn a_miss_names_its_condition() {
    let nested = r#"[
        { field = "owner", equals = true },
        { any = [{ field = "area", range = { min = 50 } }, { all = [{ field = "roof", equals = "flat" }] }] },
        { not = [{ field = "zip", prefix = "8" }, { field = "name", exists = true }] },
    ]"#;
    check(nested, &[("owner", "1"), ("area", "60")], Ok(()));
    check(nested, &[("owner", "1"), ("roof", "flat"), ("zip", "80331")], Ok(()));
    check(nested, &[("area", "60")], Err("filter[0]: owner is true"));
    check(nested, &[("owner", "1"), ("area", "49")], Err("filter[1]: any of the conditions"));
    let both = [("owner", "1"), ("area", "60"), ("zip", "80331"), ("name", "x")];
    check(nested, &both, Err("filter[2]: not what the condition takes"));
}

/// A second model: a tree, evaluated as the words say.
#[derive(Clone, Debug)]
enum Naive {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    AreaIs(Vec<i64>),
    AreaFrom(i64, i64),
    ZipBegins(Vec<String>),
    NameGiven(bool),
}

impl Naive {
    fn toml(&self) -> String {
        let join = |items: &[Self]| items.iter().map(Self::toml).collect::<Vec<_>>().join(", ");
        match self {
            Self::All(items) => format!("{{ all = [{}] }}", join(items)),
            Self::Any(items) => format!("{{ any = [{}] }}", join(items)),
            Self::Not(item) => format!("{{ not = {} }}", item.toml()),
            Self::AreaIs(areas) => format!("{{ field = \"area\", in = {areas:?} }}"),
            Self::AreaFrom(min, max) => {
                format!("{{ field = \"area\", range = {{ min = {min}, max = {max} }} }}")
            }
            Self::ZipBegins(prefixes) => format!("{{ field = \"zip\", prefix = {prefixes:?} }}"),
            Self::NameGiven(given) => format!("{{ field = \"name\", exists = {given} }}"),
        }
    }

    fn takes(&self, (area, zip, name): &(Option<i64>, Option<String>, bool)) -> bool {
        let lead = &(*area, zip.clone(), *name);
        match self {
            Self::All(items) => items.iter().all(|item| item.takes(lead)),
            Self::Any(items) => items.iter().any(|item| item.takes(lead)),
            Self::Not(item) => !item.takes(lead),
            Self::AreaIs(areas) => area.is_some_and(|area| areas.contains(&area)),
            Self::AreaFrom(min, max) => area.is_some_and(|area| *min <= area && area <= *max),
            Self::ZipBegins(prefixes) => {
                zip.as_ref().is_some_and(|zip| prefixes.iter().any(|prefix| zip.starts_with(prefix)))
            }
            Self::NameGiven(given) => name == given,
        }
    }
}

fn filters() -> impl Strategy<Value = Naive> {
    let leaf = prop_oneof![
        prop::collection::vec(0_i64..6, 1..4).prop_map(Naive::AreaIs),
        (0_i64..3, 3_i64..6).prop_map(|(min, max)| Naive::AreaFrom(min, max)),
        prop::collection::vec("[01]{1,3}", 1..5).prop_map(Naive::ZipBegins),
        any::<bool>().prop_map(Naive::NameGiven),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(Naive::All),
            prop::collection::vec(inner.clone(), 1..4).prop_map(Naive::Any),
            inner.prop_map(|item| Naive::Not(Box::new(item))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn compiled_filters_agree_with_the_second_model(
        naive in filters(),
        leads in prop::collection::vec((prop::option::of(0_i64..6), prop::option::of("[01]{5}"), any::<bool>()), 8),
    ) {
        let (filter, vertical) = compiled(&naive.toml());
        for given in &leads {
            let area = given.0.map(|area| area.to_string());
            let mut fields = Vec::new();
            fields.extend(area.as_deref().map(|area| ("area", area)));
            fields.extend(given.1.as_deref().map(|zip| ("zip", zip)));
            fields.extend(given.2.then_some(("name", "x")));
            prop_assert_eq!(filter.matches(&lead(&vertical, &fields)), naive.takes(given), "{}", naive.toml());
        }
    }

    #[test]
    fn prefixes_agree_with_trying_each(prefixes in prop::collection::vec("[ab]{0,4}", 1..8), text in "[abc]{0,6}") {
        let expected = prefixes.iter().any(|prefix| text.starts_with(prefix.as_str()));
        let compiled = Prefixes::new(prefixes.into_iter().map(Into::into).collect());
        prop_assert_eq!(compiled.begin(&text), expected);
    }
}

#[test]
fn values_of_another_type_are_never_in_a_set() {
    let lead = Submission::default();
    assert!(!Set::Integers([0].into()).contains(Value::Text(Span::NONE), &lead));
    assert!(!Bounds::Integer(0, 1).contain(Value::Boolean(true)));
}

#[test]
fn a_range_of_days_without_an_end_covers_every_day() {
    let until = r#"{ field = "birth", range = { min = "2000-01-01" } }"#;
    check(until, &[("birth", "9999-12-31")], Ok(()));
    check(until, &[("birth", "1999-12-31")], Err("filter: birth is from 2000-01-01 to 9999-12-31"));
}
