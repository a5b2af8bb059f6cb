//! Where others read the counters.

use core::time::Duration;

use exchange_cluster::{Address, AddressError};

use super::value::{length, path};
use crate::config::Redis;
use crate::config::findings::Findings;
use crate::config::given::Given;
use crate::config::raw::RedisToml;

pub(super) fn check_redis(raw: RedisToml, findings: &mut Findings) -> Option<Redis> {
    let RedisToml { url, password, ca, every, timeout } = raw;
    // They are checked although nothing is mirrored: they will be one day.
    let password = check_password(password, findings);
    let ca = path(ca, "/etc/ssl/redis-ca.pem", findings);
    let of_looks = [Duration::from_millis(100), Duration::from_mins(1)];
    let every = length(every, of_looks, Duration::from_secs(1), findings);
    let of_answers = [Duration::from_millis(10), Duration::from_secs(10)];
    let timeout = length(timeout, of_answers, Duration::from_millis(500), findings);
    let Given { value, place } = url.filter(|url| !url.value.is_empty())?;
    match Address::parse(&value) {
        Ok(address) => Some(Redis { address, password, ca, every, timeout }),
        // What stands there may be a password, so it is not repeated.
        Err(error) => {
            let remedy = match error {
                AddressError::Unknown => {
                    r#""redis://HOST:PORT/DATABASE", "rediss://..." over TLS, or "unix:///PATH""#
                }
                AddressError::Password => r#"redis.password = "env:NAME" or "file:PATH""#,
            };
            findings.error(&place, error.to_string(), remedy);
            None
        }
    }
}

/// Returns where the password stands; an empty text stands for none.
fn check_password(given: Option<Given<String>>, findings: &mut Findings) -> Option<String> {
    let Given { value, place } = given.filter(|given| !given.value.is_empty())?;
    let known =
        ["env:", "file:"].iter().any(|kind| value.strip_prefix(kind).is_some_and(|it| !it.is_empty()));
    if !known {
        findings.error(&place, "names no place of a password", r#""env:NAME" or "file:PATH""#);
    }
    known.then_some(value)
}
