//! Lists and texts that are as long as they may be compile; one more is refused and the limit is named.

use super::*;
use crate::limits;

/// What makes a catalog with so many of something.
type Make = fn(usize) -> String;

fn list(count: usize, item: impl Fn(usize) -> String) -> String {
    (0..count).map(item).collect::<Vec<_>>().join(", ")
}

fn campaign(line: &str) -> String {
    NORTH.replace("buyer =", &format!("{line}\nbuyer ="))
}

fn vertical(rules: &str) -> String {
    format!(
        "[verticals.loan]\ncurrency = \"EUR\"\nrules = [{rules}]\n[verticals.loan.fields.born]\ntype = \"date\"\n"
    )
}

fn rule(message: &str) -> String {
    format!("{{ refuse = {{ field = \"born\", exists = true }}, message = \"{message}\" }}")
}

fn buyer(line: &str) -> String {
    format!("[buyers.south]\ntime_zone = \"Europe/Berlin\"\n{line}\n")
}

fn overrides(count: usize) -> String {
    let buyers = (0..count).map(|n| format!("b{n} = {{ legal_name = \"B\", time_zone = \"UTC\" }}\n"));
    let overrides = (0..count).map(|n| format!("overrides.buyers.b{n}.payout = {{ none = true }}\n"));
    let (buyers, overrides) = (buyers.collect::<String>(), overrides.collect::<String>());
    format!("[buyers]\n{buyers}[sellers.shop.agreements.solar]\npayout = {{ margin = \"20%\" }}\n{overrides}")
}

const CASES: [(&str, usize, Make); 15] = [
    ("rules", limits::QUALITY_RULES_MAX, |count| vertical(&list(count, |_| rule("no")))),
    ("message", limits::RULE_MESSAGE_BYTES_MAX, |count| vertical(&rule(&"m".repeat(count)))),
    ("values", limits::ENUM_VALUES_MAX, |count| {
        let values = list(count, |n| format!("\"v{n}\""));
        format!("{}[verticals.loan.fields.make]\ntype = \"enum\"\nvalues = [{values}]\n", vertical(""))
    }),
    ("sources", limits::SOURCES_MAX, |count| {
        let sources = (0..count).map(|n| format!("s{n} = {{ channel = \"c{n}\" }}\n"));
        format!("[sellers.shop.sources]\n{}", sources.collect::<String>())
    }),
    ("sub-ids", limits::SOURCE_SUB_IDS_MAX, |count| {
        format!("[sellers.shop.sources.best]\nsub_ids = [{}]\n", list(count, |n| format!("\"p{n}\"")))
    }),
    ("channel", limits::CHANNEL_BYTES_MAX, |count| {
        format!("[sellers.shop.sources.best]\nchannel = \"{}\"\n", "c".repeat(count))
    }),
    ("source set", limits::SOURCE_SET_MAX, |count| {
        campaign(&format!("sources = {{ block = [{}] }}", list(count, |n| format!("\"acme#p{n}\""))))
    }),
    ("tags", limits::TAGS_MAX, |count| {
        let tags = list(count, |n| format!("\"t{n}\""));
        buyer(&format!("legal_name = \"South GmbH\"\ntags = [{tags}]"))
    }),
    ("legal name", limits::LEGAL_NAME_BYTES_MAX, |count| {
        buyer(&format!("legal_name = \"{}\"", "n".repeat(count)))
    }),
    ("overrides", limits::OVERRIDES_MAX, overrides),
    ("secrets", limits::SECRETS_MAX, |count| {
        NORTH.replace("\"env:NORTH\"", &list(count, |_| "\"env:NORTH\"".to_owned()))
    }),
    ("price rules", limits::PRICE_RULES_MAX, |count| {
        let rule = "{ when = { field = \"roof\", equals = \"flat\" }, price = \"20.00\" }";
        let rules = list(count, |_| rule.to_owned());
        NORTH.replace(
            "ping = { url = \"https://north.example/ping\" }",
            &format!("price = {{ rules = [{rules}], otherwise = \"10.00\" }}"),
        )
    }),
    ("openings", limits::SCHEDULE_OPENINGS_MAX, |count| {
        let opening = "{ from = \"08:00\", to = \"20:00\" }";
        campaign(&format!("schedule = [{}]", list(count, |_| opening.to_owned())))
    }),
    ("conditions", limits::FILTER_CONDITIONS_MAX, |count| {
        // The array is a condition itself.
        let leaf = "{ field = \"area\", exists = true }";
        campaign(&format!("filter = [{}]", list(count - 1, |_| leaf.to_owned())))
    }),
    ("filter values", limits::FILTER_VALUES_MAX, |count| {
        let zips = list(count, |n| format!("\"{:05}\"", n % 100_000));
        campaign(&format!("filter = {{ field = \"zip\", prefix = [{zips}] }}"))
    }),
];

#[test]
fn as_many_as_may_be_compile_and_one_more_is_refused() {
    for (name, limit, make) in CASES {
        let found = compile_texts(&[BASE, &make(limit)]);
        assert!(
            found.is_ok(),
            "{name}, {limit}: {:?}",
            found.err().and_then(|found| found.into_iter().next())
        );
        let found = compile_texts(&[BASE, &make(limit + 1)]).expect_err(name);
        let says = |text: &str| found.iter().any(|diagnostic| diagnostic.to_string().contains(text));
        assert!(says(&limit.to_string()), "{name}: {:?}", found.first());
    }
}
