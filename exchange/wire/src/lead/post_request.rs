//! [`PostRequest`]: what the second step of a sale chooses.

use exchange_types::{OfferId, limits};

use super::BodyReader;
use super::findings::Path;
use crate::json::JsonError;

/// The code of an offer that the ping does not have.
pub(super) const UNKNOWN_OFFER: &str = "unknown_offer";

/// The key of the chosen offers.
pub(super) const OFFER_IDS: &str = "offer_ids";

/// What a seller chooses when it posts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PostRequest {
    /// The chosen offers, each once and at its position in the body; none stands for all live ones.
    pub offer_ids: Vec<OfferId>,
    /// Whether live offers that were not chosen may follow a rejection; nothing where the seller leaves it
    /// to the exchange.
    pub fallback: Option<bool>,
    /// Whether the ping's values are to be used where a frozen field differs.
    pub keep_on_changed: bool,
}

impl BodyReader<'_, '_> {
    pub(super) fn read_post_member(&mut self, key: &str) -> Result<(), JsonError> {
        let path = Path::Top(key);
        match key {
            "fields" => self.read_fields()?,
            "test" => self.read_test()?,
            "consent" => self.read_consent()?,
            OFFER_IDS => self.read_offer_ids()?,
            "fallback" => {
                self.parsed.post.fallback = self.word(path, &[("none", false), ("offers", true)])?;
            }
            "on_changed" => {
                self.parsed.post.keep_on_changed = self.word(path, &[("keep", true)])?.unwrap_or(false);
            }
            _ => self.refuse_key(path)?,
        }
        Ok(())
    }

    fn read_offer_ids(&mut self) -> Result<(), JsonError> {
        let Some(mut elements) = self.array(OFFER_IDS)? else { return Ok(()) };
        let mut count = 0_usize;
        while self.reader.next_element(&mut elements)? {
            if count < limits::PINGED_CAMPAIGNS_MAX {
                self.read_offer_id(Path::Element(OFFER_IDS, count))?;
            } else {
                self.reader.skip()?;
            }
            count = count.saturating_add(1);
        }
        if count == 0 {
            let message = "has to name an offer; without the key all live offers stand for choice";
            self.findings.error(Path::Top(OFFER_IDS), "out_of_range", message);
        } else if count > limits::PINGED_CAMPAIGNS_MAX {
            let message = format!("has {count} elements, at most {} are taken", limits::PINGED_CAMPAIGNS_MAX);
            self.findings.error(Path::Top(OFFER_IDS), "too_long", message);
        }
        Ok(())
    }

    fn read_offer_id(&mut self, path: Path<'_>) -> Result<(), JsonError> {
        let Some(text) = self.any_text(path)? else { return Ok(()) };
        match text.parse::<OfferId>() {
            Ok(offer) if self.parsed.post.offer_ids.contains(&offer) => {
                self.findings.error(path, "repeated", "names an offer that stands before it");
            }
            Ok(offer) => self.parsed.post.offer_ids.push(offer),
            Err(_) => self.findings.error(path, UNKNOWN_OFFER, "is not an offer of this ping"),
        }
        Ok(())
    }

    /// Reads one of some words.
    fn word(&mut self, path: Path<'_>, words: &[(&'static str, bool)]) -> Result<Option<bool>, JsonError> {
        let Some(text) = self.any_text(path)? else { return Ok(None) };
        let meaning = words.iter().find(|(word, _)| *word == text).map(|&(_, meaning)| meaning);
        if meaning.is_none() {
            let list = words.iter().map(|&(word, _)| word).collect::<Vec<_>>().join(", ");
            self.findings.error(path, "not_in_enum", format!("is none of: {list}"));
        }
        Ok(meaning)
    }
}
