//! [`ConfigToml`]: the configuration as it is written, with the place of every value.

use exchange_catalog::SourceFile;
use toml::de::DeTable;

use super::findings::Findings;
use super::given::{Given, Place};
use super::section::Section;

type Text = Option<Given<String>>;
type Whole = Option<Given<i64>>;
type Flag = Option<Given<bool>>;

/// The configuration as it is written.
#[derive(Debug, Default)]
pub(super) struct ConfigToml {
    /// What the file is called; empty where there is none.
    pub(super) file: String,
    pub(super) data_dir: Text,
    pub(super) shards: Whole,
    pub(super) log: Text,
    pub(super) log_format: Text,
    pub(super) seller: ListenerToml,
    pub(super) control: ListenerToml,
    pub(super) limits: LimitsToml,
    pub(super) buyers: BuyersToml,
    pub(super) journal: JournalToml,
    pub(super) store: StoreToml,
    pub(super) personal_data: PersonalDataToml,
    pub(super) validation: ValidationToml,
    pub(super) redis: RedisToml,
}

#[derive(Debug, Default)]
pub(super) struct ListenerToml {
    pub(super) listen: Text,
    pub(super) allow_clear_text: Flag,
    pub(super) tls: Option<Given<TlsToml>>,
}

#[derive(Debug, Default)]
pub(super) struct TlsToml {
    pub(super) certificate: Text,
    pub(super) key: Text,
    pub(super) client_ca: Text,
    pub(super) client_certificates: Text,
}

#[derive(Debug, Default)]
pub(super) struct LimitsToml {
    pub(super) auctions_max: Whole,
    pub(super) history_max: Whole,
    pub(super) fingerprints_max: Whole,
    pub(super) suppressions_max: Whole,
    pub(super) filter_bytes: Text,
    pub(super) unknowns_max: Whole,
    pub(super) mesh_queue_max: Whole,
    pub(super) cells_max: Whole,
    pub(super) body_bytes_max: Text,
    pub(super) connections_max: Whole,
    pub(super) handshakes_per_turn: Whole,
    pub(super) header_timeout: Text,
    pub(super) request_timeout: Text,
    pub(super) idle_timeout: Text,
    pub(super) rate_per_address: Text,
    pub(super) rate_per_key: Text,
    pub(super) memory_max: Text,
}

#[derive(Debug, Default)]
pub(super) struct BuyersToml {
    pub(super) allow_addresses: Option<Vec<Given<String>>>,
    pub(super) allow_http: Flag,
    pub(super) late_answers: Text,
}

#[derive(Debug, Default)]
pub(super) struct JournalToml {
    pub(super) durability: Text,
    pub(super) segment_bytes: Text,
    pub(super) free_bytes_min: Text,
    pub(super) ballast_bytes: Text,
    pub(super) archive_dir: Text,
    pub(super) archive_ciphertext: Flag,
    pub(super) keep: Text,
    pub(super) checkpoint_records: Whole,
}

#[derive(Debug, Default)]
pub(super) struct StoreToml {
    pub(super) url: Text,
    pub(super) lag_max: Text,
}

#[derive(Debug, Default)]
pub(super) struct PersonalDataToml {
    pub(super) master_key: Text,
    pub(super) lead_retention: Text,
    pub(super) consent_retention: Text,
}

#[derive(Debug, Default)]
pub(super) struct ValidationToml {
    pub(super) disposable_domains: Text,
}

#[derive(Debug, Default)]
pub(super) struct RedisToml {
    pub(super) url: Text,
    pub(super) password: Text,
    pub(super) ca: Text,
    pub(super) every: Text,
    pub(super) timeout: Text,
}

impl ConfigToml {
    /// Reads a file. What cannot be read is reported and left out.
    pub(super) fn read(file: &SourceFile, findings: &mut Findings) -> Self {
        let (document, errors) = DeTable::parse_recoverable(&file.text);
        for error in &errors {
            let offset = error.span().map_or(0, |span| span.start);
            findings.error(&Place::of_offset(file, offset, String::new()), error.message(), "");
        }
        if !errors.is_empty() {
            return Self { file: file.name.clone(), ..Self::default() };
        }
        let mut root = Section::new(file, document.get_ref(), String::new());
        let raw = Self {
            file: file.name.clone(),
            data_dir: root.text("data_dir", findings),
            shards: root.whole("shards", findings),
            log: root.text("log", findings),
            log_format: root.text("log_format", findings),
            seller: read_section(&mut root, "seller", findings, ListenerToml::read),
            control: read_section(&mut root, "control", findings, ListenerToml::read),
            limits: read_section(&mut root, "limits", findings, LimitsToml::read),
            buyers: read_section(&mut root, "buyers", findings, BuyersToml::read),
            journal: read_section(&mut root, "journal", findings, JournalToml::read),
            store: read_section(&mut root, "store", findings, StoreToml::read),
            personal_data: read_section(&mut root, "personal_data", findings, PersonalDataToml::read),
            validation: read_section(&mut root, "validation", findings, ValidationToml::read),
            redis: read_section(&mut root, "redis", findings, RedisToml::read),
        };
        root.finish(findings);
        raw
    }

    /// Puts what the environment says in the place of what the file says.
    pub(super) fn override_from(
        &mut self,
        variable: &dyn Fn(&str) -> Option<String>,
        findings: &mut Findings,
    ) {
        let given = |name: &str| variable(name).map(|value| Given { value, place: Place::variable(name) });
        let texts = [
            ("EXCHANGE_DATA_DIR", &mut self.data_dir),
            ("EXCHANGE_LOG", &mut self.log),
            ("EXCHANGE_LOG_FORMAT", &mut self.log_format),
            ("EXCHANGE_SELLER_LISTEN", &mut self.seller.listen),
            ("EXCHANGE_CONTROL_LISTEN", &mut self.control.listen),
            ("EXCHANGE_STORE_URL", &mut self.store.url),
            ("EXCHANGE_MASTER_KEY_FILE", &mut self.personal_data.master_key),
            ("EXCHANGE_REDIS_URL", &mut self.redis.url),
        ];
        for (name, text) in texts {
            if let Some(given) = given(name) {
                *text = Some(given);
            }
        }
        if let Some(Given { value, place }) = given("EXCHANGE_SHARDS") {
            match value.parse() {
                Ok(value) => self.shards = Some(Given { value, place }),
                Err(_) => findings.error(&place, "is no whole number", "a number such as 4"),
            }
        }
    }
}

/// Reads a table whose keys all have defaults.
fn read_section<T: Default>(
    root: &mut Section<'_>,
    key: &'static str,
    findings: &mut Findings,
    read: impl FnOnce(&mut Section<'_>, &mut Findings) -> T,
) -> T {
    read_table(root, key, findings, read).map_or_else(T::default, |given| given.value)
}

/// Reads a table that means something by being there.
fn read_table<T>(
    above: &mut Section<'_>,
    key: &'static str,
    findings: &mut Findings,
    read: impl FnOnce(&mut Section<'_>, &mut Findings) -> T,
) -> Option<Given<T>> {
    let Given { value: mut section, place } = above.section(key, findings)?;
    let value = read(&mut section, findings);
    section.finish(findings);
    Some(Given { value, place })
}

impl ListenerToml {
    fn read(section: &mut Section<'_>, findings: &mut Findings) -> Self {
        Self {
            listen: section.text("listen", findings),
            allow_clear_text: section.boolean("allow_clear_text", findings),
            tls: read_table(section, "tls", findings, TlsToml::read),
        }
    }
}

impl TlsToml {
    fn read(section: &mut Section<'_>, findings: &mut Findings) -> Self {
        Self {
            certificate: section.text("certificate", findings),
            key: section.text("key", findings),
            client_ca: section.text("client_ca", findings),
            client_certificates: section.text("client_certificates", findings),
        }
    }
}

impl LimitsToml {
    fn read(section: &mut Section<'_>, findings: &mut Findings) -> Self {
        Self {
            auctions_max: section.whole("auctions_max", findings),
            history_max: section.whole("history_max", findings),
            fingerprints_max: section.whole("fingerprints_max", findings),
            suppressions_max: section.whole("suppressions_max", findings),
            filter_bytes: section.text("filter_bytes", findings),
            unknowns_max: section.whole("unknowns_max", findings),
            mesh_queue_max: section.whole("mesh_queue_max", findings),
            cells_max: section.whole("cells_max", findings),
            body_bytes_max: section.text("body_bytes_max", findings),
            connections_max: section.whole("connections_max", findings),
            handshakes_per_turn: section.whole("handshakes_per_turn", findings),
            header_timeout: section.text("header_timeout", findings),
            request_timeout: section.text("request_timeout", findings),
            idle_timeout: section.text("idle_timeout", findings),
            rate_per_address: section.text("rate_per_address", findings),
            rate_per_key: section.text("rate_per_key", findings),
            memory_max: section.text("memory_max", findings),
        }
    }
}

impl BuyersToml {
    fn read(section: &mut Section<'_>, findings: &mut Findings) -> Self {
        Self {
            allow_addresses: section.texts("allow_addresses", findings),
            allow_http: section.boolean("allow_http", findings),
            late_answers: section.text("late_answers", findings),
        }
    }
}

impl JournalToml {
    fn read(section: &mut Section<'_>, findings: &mut Findings) -> Self {
        Self {
            durability: section.text("durability", findings),
            segment_bytes: section.text("segment_bytes", findings),
            free_bytes_min: section.text("free_bytes_min", findings),
            ballast_bytes: section.text("ballast_bytes", findings),
            archive_dir: section.text("archive_dir", findings),
            archive_ciphertext: section.boolean("archive_ciphertext", findings),
            keep: section.text("keep", findings),
            checkpoint_records: section.whole("checkpoint_records", findings),
        }
    }
}

impl StoreToml {
    fn read(section: &mut Section<'_>, findings: &mut Findings) -> Self {
        Self { url: section.text("url", findings), lag_max: section.text("lag_max", findings) }
    }
}

impl PersonalDataToml {
    fn read(section: &mut Section<'_>, findings: &mut Findings) -> Self {
        Self {
            master_key: section.text("master_key", findings),
            lead_retention: section.text("lead_retention", findings),
            consent_retention: section.text("consent_retention", findings),
        }
    }
}

impl ValidationToml {
    fn read(section: &mut Section<'_>, findings: &mut Findings) -> Self {
        Self { disposable_domains: section.text("disposable_domains", findings) }
    }
}

impl RedisToml {
    fn read(section: &mut Section<'_>, findings: &mut Findings) -> Self {
        Self {
            url: section.text("url", findings),
            password: section.text("password", findings),
            ca: section.text("ca", findings),
            every: section.text("every", findings),
            timeout: section.text("timeout", findings),
        }
    }
}
