//! `consent`: what the person agreed to, and the proofs of it.

use exchange_types::{ConsentKey, limits};

use super::BodyReader;
use super::findings::Path;
use super::rfc3339;
use crate::json::JsonError;

const OBJECT: &str = "consent";
const NAMED_SELLERS: &str = "consent.named_sellers";
/// Bytes of the text that was shown: consents that list their companies run over several pages.
const TEXT_BYTES_MAX: usize = 8 * 1_024;
/// Bytes of a URL or user agent: what browsers send without trouble.
const URL_BYTES_MAX: usize = 2_048;
/// Bytes of a short part: an address, a version, a token.
const SHORT_BYTES_MAX: usize = 256;
/// Bytes of a company's legal name.
const NAME_BYTES_MAX: usize = 256;

impl BodyReader<'_, '_> {
    pub(super) fn read_consent(&mut self) -> Result<(), JsonError> {
        let Some(mut members) = self.object(OBJECT)? else { return Ok(()) };
        while let Some(name) = self.reader.next_member(&mut members)? {
            let path = Path::In(OBJECT, &name);
            if name == "named_sellers" {
                self.texts(NAMED_SELLERS, limits::NAMED_SELLERS_MAX, NAME_BYTES_MAX, |this, text| {
                    this.out.push_named_seller(text);
                })?;
            } else if let Some(&(key, _)) = ConsentKey::ALL.iter().find(|(_, known)| *known == name) {
                self.read_consent_part(key, path)?;
            } else {
                self.refuse_key(path)?;
            }
        }
        Ok(())
    }

    fn read_consent_part(&mut self, key: ConsentKey, path: Path<'_>) -> Result<(), JsonError> {
        let Some(text) = self.text(path, bytes_max(key))? else { return Ok(()) };
        if key == ConsentKey::CapturedAt && !rfc3339::is_valid(&text) {
            let message = "is not a time of RFC 3339, such as 2026-11-20T08:15:30Z";
            self.findings.error(path, "malformed", message);
            return Ok(());
        }
        self.out.set_consent(key, &text);
        Ok(())
    }
}

const fn bytes_max(key: ConsentKey) -> usize {
    match key {
        ConsentKey::Text => TEXT_BYTES_MAX,
        ConsentKey::SourceUrl
        | ConsentKey::UserAgent
        | ConsentKey::TrustedformCertUrl
        | ConsentKey::TrustedformPingUrl => URL_BYTES_MAX,
        ConsentKey::TextVersion | ConsentKey::CapturedAt | ConsentKey::Ip | ConsentKey::JornayaLeadId => {
            SHORT_BYTES_MAX
        }
    }
}
