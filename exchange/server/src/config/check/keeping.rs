//! What is kept, where, and for how long: journal, store, personal data.

use core::time::Duration;

use super::value::{length, one_of, path, size, within};
use crate::config::findings::Findings;
use crate::config::given::Given;
use crate::config::raw::{JournalToml, PersonalDataToml, StoreToml};
use crate::config::{ByteCount, Durability, Journal, PersonalData, Store};

const DAY: Duration = Duration::from_hours(24);

pub(super) fn journal_defaults() -> Journal {
    Journal {
        durability: Durability::Sync,
        segment_bytes: ByteCount::from_kib(64 << 10),
        free_bytes_min: ByteCount::from_kib(256 << 10),
        ballast_bytes: ByteCount::from_kib(64 << 10),
        archive_dir: None,
        archive_ciphertext: true,
        keep: DAY * 7,
        checkpoint_records: 1_000_000,
    }
}

pub(super) fn store_defaults() -> Store {
    Store { url: "sqlite".to_owned(), lag_max: Duration::from_mins(1) }
}

pub(super) fn personal_data_defaults() -> PersonalData {
    PersonalData { master_key: None, lead_retention: DAY * 365, consent_retention: DAY * 1_826 }
}

pub(super) fn check_journal(raw: JournalToml, default: &Journal, findings: &mut Findings) -> Journal {
    let JournalToml {
        durability,
        segment_bytes,
        free_bytes_min,
        ballast_bytes,
        archive_dir,
        archive_ciphertext,
        keep,
        checkpoint_records,
    } = raw;
    let words = [("sync", Durability::Sync), ("os", Durability::Os)];
    let mib = |mib: u64| ByteCount::from_kib(mib << 10);
    let ballast_place = ballast_bytes.as_ref().map(|given| given.place.clone());
    let journal = Journal {
        durability: one_of(durability, &words, default.durability, findings),
        segment_bytes: size(segment_bytes, [mib(1), mib(4_096)], default.segment_bytes, findings),
        free_bytes_min: size(free_bytes_min, [mib(0), mib(1 << 20)], default.free_bytes_min, findings),
        ballast_bytes: size(ballast_bytes, [mib(0), mib(4_096)], default.ballast_bytes, findings),
        archive_dir: path(archive_dir, "/var/lib/exchange/archive", findings),
        archive_ciphertext: archive_ciphertext.map_or(default.archive_ciphertext, |given| given.value),
        keep: length(keep, [Duration::ZERO, DAY * 3_650], default.keep, findings),
        checkpoint_records: within(
            checkpoint_records,
            [100, 100_000_000],
            default.checkpoint_records,
            findings,
        ),
    };
    let (ballast, segment) = (journal.ballast_bytes, journal.segment_bytes);
    if let Some(place) = ballast_place.filter(|_| ballast.0 != 0 && ballast < segment) {
        let message = format!("{ballast} makes no room for a segment of {segment}");
        findings.error(&place, message, format!("\"0 B\", or at least \"{segment}\""));
    }
    journal
}

pub(super) fn check_store(raw: StoreToml, default: Store, findings: &mut Findings) -> Store {
    let StoreToml { url, lag_max } = raw;
    let bounds = [Duration::from_secs(1), Duration::from_hours(24)];
    let url = match url {
        None => default.url,
        Some(Given { value, place }) => {
            let known = value == "sqlite" || value.starts_with("postgres://");
            if !known {
                // What stands there may be a password.
                findings.error(&place, "is no store", r#""sqlite", or "postgres://USER@HOST/DATABASE""#);
            }
            if known { value } else { default.url }
        }
    };
    Store { url, lag_max: length(lag_max, bounds, default.lag_max, findings) }
}

pub(super) fn check_personal_data(
    raw: PersonalDataToml,
    default: &PersonalData,
    findings: &mut Findings,
) -> PersonalData {
    let PersonalDataToml { master_key, lead_retention, consent_retention } = raw;
    let bounds = [DAY, DAY * 36_500];
    PersonalData {
        master_key: path(master_key, "/etc/exchange/master.key", findings),
        lead_retention: length(lead_retention, bounds, default.lead_retention, findings),
        consent_retention: length(consent_retention, bounds, default.consent_retention, findings),
    }
}
