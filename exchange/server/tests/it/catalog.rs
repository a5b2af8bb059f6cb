//! [`CatalogText`]: the catalogs of these tests, as an operator writes them.

use std::fmt::Write as _;
use std::net::SocketAddr;

/// A secret that is none: "demo-only-not-a-real-secret" in base64.
pub(crate) const SECRET: &str = "whsec_ZGVtby1vbmx5LW5vdC1hLXJlYWwtc2VjcmV0";

/// What stands in every vertical of these tests. A field that may be shown in a ping comes first.
const FIELDS: &str = r#"
[verticals.solar.fields.serial]
type = "integer"
required = "ping"
ping = true
[verticals.solar.fields.zip]
type = "postal_code"
country = "DE"
required = "ping"
ping = { prefix = 2 }
[verticals.solar.fields.roof]
type = "enum"
values = ["pitched", "flat"]
required = "ping"
ping = true
[verticals.solar.fields.birth_date]
type = "date"
personal = true
given = "ping"
ping = { age_band = 10 }
[verticals.solar.fields.nickname]
type = "text"
personal = true
given = "ping"
[verticals.solar.fields.first_name]
type = "text"
required = "post"
personal = true
[verticals.solar.fields.street]
type = "text"
personal = true
[verticals.solar.fields.comment]
type = "text"
given = "post"
[verticals.solar.fields.email]
type = "email"
required = "post"
[verticals.solar.fields.phone]
type = "phone"
country = "DE"
required = "post"

[sellers.acme.agreements.solar]
payout = { margin = "20%" }
[sellers.other.agreements.solar]
payout = { margin = "20%" }
"#;

/// The text of a catalog: one vertical, `solar`, two sellers, and campaigns, each of a buyer of its own name.
#[derive(Clone, Debug)]
pub(crate) struct CatalogText(String);

/// A campaign. What is left out has its default.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Campaign<'a> {
    /// Further keys of the campaign, a line each.
    pub(crate) keys: &'a str,
    /// Further keys of its ping, such as `timeout = "100ms"`.
    pub(crate) ping: &'a str,
    /// Further keys of its post.
    pub(crate) post: &'a str,
}

impl CatalogText {
    /// Returns a catalog without campaigns. The vertical's keys are given a line each.
    pub(crate) fn new(vertical: &str) -> Self {
        Self(format!("[verticals.solar]\ncurrency = \"EUR\"\n{vertical}\n{FIELDS}"))
    }

    /// Adds a buyer with one campaign, which is asked by pings. Both have one name.
    #[must_use]
    pub(crate) fn with(self, buyer: &str, campaign: Campaign<'_>) -> Self {
        self.with_buyer(buyer, "").with_campaign_of(buyer, buyer, campaign)
    }

    /// Adds a buyer. Its further keys are given a line each.
    #[must_use]
    pub(crate) fn with_buyer(mut self, buyer: &str, keys: &str) -> Self {
        write!(
            self.0,
            "\n[buyers.{buyer}]\nlegal_name = \"{buyer} GmbH\"\ntime_zone = \"Europe/Berlin\"\n{keys}\n"
        )
        .expect("a text takes what is written");
        self
    }

    /// Has a seller told of its leads at an address.
    #[must_use]
    pub(crate) fn with_webhook(mut self, seller: &str, address: SocketAddr) -> Self {
        write!(
            self.0,
            "\n[sellers.{seller}]\nwebhook_url = \"http://{address}/events\"\nwebhook_secret = \"{SECRET}\"\n"
        )
        .expect("a text takes what is written");
        self
    }

    /// Adds whole tables as they are written.
    #[must_use]
    pub(crate) fn with_tables(mut self, tables: &str) -> Self {
        self.0.push_str(tables);
        self
    }

    /// Adds a campaign of a buyer that stands in the catalog.
    #[must_use]
    pub(crate) fn with_campaign_of(mut self, buyer: &str, name: &str, campaign: Campaign<'_>) -> Self {
        let Campaign { keys, ping, post } = campaign;
        let (ping, post) = (joined(ping), joined(post));
        write!(
            self.0,
            "[campaigns.{name}]\nbuyer = \"{buyer}\"\nvertical = \"solar\"\n\
             ping = {{ url = \"http://BUYERS/{name}/ping\"{ping} }}\n\
             post = {{ url = \"http://BUYERS/{name}/post\"{post} }}\n\
             signing_secrets = [\"{SECRET}\"]\n{keys}\n"
        )
        .expect("a text takes what is written");
        self
    }

    /// Returns the text for buyers at an address.
    pub(crate) fn for_buyers_at(&self, address: SocketAddr) -> String {
        self.0.replace("BUYERS", &address.to_string())
    }
}

fn joined(keys: &str) -> String {
    if keys.is_empty() { String::new() } else { format!(", {keys}") }
}
