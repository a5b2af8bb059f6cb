//! [`Difference`]: what changed in a configuration, and whether that takes a restart.

use crate::config::{Config, Limits, Listener};

/// What changed in a configuration, by key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Difference {
    /// What changes while the process runs.
    pub(super) live: Vec<&'static str>,
    /// What takes a restart.
    pub(super) fixed: Vec<&'static str>,
}

impl Difference {
    pub(super) fn between(old: &Config, new: &Config) -> Self {
        let live = [
            ("log", old.log != new.log),
            ("seller.tls", old.seller.tls != new.seller.tls),
            ("control.tls", old.control.tls != new.control.tls),
            ("limits.body_bytes_max", old.limits.body_bytes_max != new.limits.body_bytes_max),
            ("limits.connections_max", old.limits.connections_max != new.limits.connections_max),
            ("limits.header_timeout", old.limits.header_timeout != new.limits.header_timeout),
            ("limits.request_timeout", old.limits.request_timeout != new.limits.request_timeout),
            ("limits.idle_timeout", old.limits.idle_timeout != new.limits.idle_timeout),
            ("limits.rate_per_address", old.limits.rate_per_address != new.limits.rate_per_address),
            ("limits.rate_per_key", old.limits.rate_per_key != new.limits.rate_per_key),
            ("limits.memory_max", old.limits.memory_max != new.limits.memory_max),
        ];
        let with_live = with_live_of(old, new);
        let fixed = [
            ("data_dir", with_live.data_dir != new.data_dir),
            ("shards", with_live.shards != new.shards),
            ("log_format", with_live.log_format != new.log_format),
            ("seller.listen", with_live.seller.listen != new.seller.listen),
            ("whether seller speaks TLS", with_live.seller.tls != new.seller.tls),
            ("control.listen", with_live.control.listen != new.control.listen),
            ("whether control speaks TLS", with_live.control.tls != new.control.tls),
            ("other limits", with_live.limits != new.limits),
            ("buyers", with_live.buyers != new.buyers),
            ("journal", with_live.journal != new.journal),
            ("store", with_live.store != new.store),
            ("personal_data", with_live.personal_data != new.personal_data),
            ("validation", with_live.validation != new.validation),
            ("redis", with_live.redis != new.redis),
        ];
        let mut fixed = named(&fixed);
        if fixed.is_empty() && with_live != *new {
            fixed.push("something else");
        }
        Self { live: named(&live), fixed }
    }
}

/// Returns the old configuration with what may change of the new one; the rest takes a restart, whatever it is.
fn with_live_of(old: &Config, new: &Config) -> Config {
    let listener = |old: &Listener, new: &Listener| Listener {
        listen: old.listen,
        // Connections speak what they began with, and the address is known for it: only the files may change.
        tls: if old.tls.is_some() && new.tls.is_some() { new.tls.clone() } else { old.tls.clone() },
    };
    Config {
        log: new.log.clone(),
        seller: listener(&old.seller, &new.seller),
        control: listener(&old.control, &new.control),
        limits: Limits {
            body_bytes_max: new.limits.body_bytes_max,
            connections_max: new.limits.connections_max,
            header_timeout: new.limits.header_timeout,
            request_timeout: new.limits.request_timeout,
            idle_timeout: new.limits.idle_timeout,
            rate_per_address: new.limits.rate_per_address,
            rate_per_key: new.limits.rate_per_key,
            memory_max: new.limits.memory_max,
            ..old.limits
        },
        ..old.clone()
    }
}

fn named(keys: &[(&'static str, bool)]) -> Vec<&'static str> {
    keys.iter().filter(|(_, changed)| *changed).map(|(key, _)| *key).collect()
}

#[cfg(test)]
mod tests {
    use exchange_catalog::SourceFile;

    use super::*;
    use crate::config::Surroundings;

    fn config(text: &str) -> Config {
        let file = SourceFile { name: "exchange.toml".to_owned(), text: text.to_owned() };
        let surroundings = Surroundings { cores: 2, variable: &|_| None };
        Config::load(Some(&file), surroundings).unwrap_or_else(|found| panic!("{text}: {found:?}"))
    }

    #[test]
    fn every_change_is_live_or_takes_a_restart() {
        const TLS: &str = "seller.tls = { certificate = \"c.pem\", key = \"k.pem\" }";
        let cases: [(&str, &str, &[&str], &[&str]); 17] = [
            ("", "", &[], &[]),
            ("", "log = \"warn\"", &["log"], &[]),
            (
                "",
                "[limits]\nbody_bytes_max = \"8 KiB\"\nconnections_max = 9\nmemory_max = \"3 GiB\"",
                &["limits.body_bytes_max", "limits.connections_max", "limits.memory_max"],
                &[],
            ),
            (
                "",
                "[limits]\nheader_timeout = \"4s\"\nrequest_timeout = \"9s\"\nidle_timeout = \"9s\"",
                &["limits.header_timeout", "limits.request_timeout", "limits.idle_timeout"],
                &[],
            ),
            (
                "limits.rate_per_key = \"9/s\"",
                "limits.rate_per_address = \"9/s\"",
                &["limits.rate_per_address", "limits.rate_per_key"],
                &[],
            ),
            (TLS, "seller.tls = { certificate = \"d.pem\", key = \"k.pem\" }", &["seller.tls"], &[]),
            ("", TLS, &["seller.tls"], &["whether seller speaks TLS"]),
            (TLS, "", &["seller.tls"], &["whether seller speaks TLS"]),
            ("", "limits.auctions_max = 9", &[], &["other limits"]),
            ("", "limits.handshakes_per_turn = 9", &[], &["other limits"]),
            ("", "shards = 9\nlog_format = \"json\"", &[], &["shards", "log_format"]),
            ("", "data_dir = \"d\"\nbuyers.allow_http = true", &[], &["data_dir", "buyers"]),
            ("", "seller.listen = \"127.0.0.1:1\"", &[], &["seller.listen"]),
            ("", "control.listen = \"127.0.0.1:1\"", &[], &["control.listen"]),
            ("", "journal.keep = \"1d\"\nstore.lag_max = \"9s\"", &[], &["journal", "store"]),
            ("", "personal_data.lead_retention = \"9d\"", &[], &["personal_data"]),
            (
                "",
                "validation.disposable_domains = \"d.txt\"\nredis.url = \"redis://127.0.0.1:1\"",
                &[],
                &["validation", "redis"],
            ),
        ];
        for (old, new, live, fixed) in cases {
            let Difference { live: found, fixed: found_fixed } =
                Difference::between(&config(old), &config(new));
            assert_eq!((&*found, &*found_fixed), (live, fixed), "{old:?} to {new:?}");
        }
    }
}
