//! The catalog of these tests: one vertical, two buyers, three campaigns.

use exchange_catalog::{CompileOptions, Snapshot, SourceFile, compile};
use exchange_types::UtcMicros;

/// Which campaigns a version has.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Plan {
    /// All of them.
    Whole,
    /// Without the campaign `roof`, and with a buyer and a campaign before the others.
    Changed,
    /// All of them, each with room for one post and sale, and for one hold of the seller.
    Tight,
    /// `solar` and `roof`, of one buyer that has persons for an hour; `roof` comes after `solar` and does not mind. The
    /// vertical knows persons for a minute.
    Windows,
}

/// Returns the catalog of a version.
pub(crate) fn catalog(version: u64, plan: Plan, now: UtcMicros) -> Snapshot {
    let mut text = String::from(COMMON);
    text.push_str(&campaign("solar", "north", "ping = { url = \"https://solar.example/ping\" }\n"));
    text.push_str(&campaign("heat", "south", "price = \"20.00\"\n"));
    match plan {
        Plan::Windows => {
            let ping = "ping = { url = \"https://roof.example/ping\" }\n";
            text.push_str(&campaign(
                "roof",
                "north",
                &format!("tier = 2\nduplicate_window = \"0s\"\n{ping}"),
            ));
            text = text
                .replace("resubmit_after = \"60s\"", "resubmit_after = \"1s\"\nduplicate_window = \"60s\"");
            text =
                text.replace("legal_name = \"north\"", "legal_name = \"north\"\nduplicate_window = \"1h\"");
            text = text.replace("price = \"20.00\"", "paused = true\nprice = \"20.00\"");
        }
        Plan::Whole | Plan::Tight => {
            text.push_str(&campaign("roof", "north", "ping = { url = \"https://roof.example/ping\" }\n"));
        }
        Plan::Changed => {
            text.push_str("[buyers.alpha]\nlegal_name = \"alpha\"\ntime_zone = \"UTC\"\n");
            text.push_str(&campaign("alpha", "alpha", "paused = true\nprice = \"1.00\"\n"));
        }
    }
    if matches!(plan, Plan::Tight) {
        for (wide, tight) in [
            ("day = 100000 ", "day = 1 "),
            ("hour = 100000,", "hour = 1,"),
            ("holds_max = 1000", "holds_max = 1"),
        ] {
            text = text.replace(wide, tight);
        }
    }
    let options = CompileOptions { version, now, secrets: &|_| None, allow_http: false, source_names: None };
    let files = [SourceFile { name: "catalog.toml".into(), text }];
    compile(&files, &options).map(|(snapshot, _)| snapshot).expect("a catalog without mistakes")
}

fn campaign(name: &str, buyer: &str, pricing: &str) -> String {
    format!(
        r#"
[campaigns.{name}]
buyer = "{buyer}"
vertical = "solar"
signing_secrets = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
on_lower_price = "accept"
unknown_max = 1000
post = {{ url = "https://{name}.example/post", timeout = "1s" }}
{pricing}
[campaigns.{name}.caps]
sent = {{ day = 100000 }}
sold = {{ hour = 100000, total = 900000 }}
budget = {{ day = "9000000.00" }}
"#
    )
}

const COMMON: &str = r#"
[verticals.solar]
currency = "EUR"
max_buyers = 2
offers_held = 3
bid_window = "100ms"
answer_by = "1500ms"
post_min = "50ms"
hold_time = "300s"
resubmit_after = "60s"
[verticals.solar.fields.zip]
type = "postal_code"
country = "DE"
required = "ping"
ping = { prefix = 2 }
[verticals.solar.fields.phone]
type = "phone"
country = "DE"
required = "post"
[sellers.web]
holds_max = 1000
[sellers.web.agreements.solar]
payout = { margin = "20%" }
[buyers.north]
legal_name = "north"
time_zone = "Europe/Berlin"
[buyers.north.caps]
sent = { week = 1000000 }
sold = { month = 1000000 }
budget = { total = "90000000.00" }
[buyers.south]
legal_name = "south"
time_zone = "America/New_York"
"#;
