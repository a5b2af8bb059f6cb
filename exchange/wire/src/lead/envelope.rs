//! The envelope of a submission: everything but the objects inside it.

use std::borrow::Cow;

use exchange_catalog::Snapshot;
use exchange_catalog::snapshot::Vertical;
use exchange_types::{Amount, CampaignIndex, Nanos, SellerIndex, Test, VerticalIndex, limits};

use super::findings::Path;
use super::{BodyReader, Mode};
use crate::json::{Elements, Item, JsonError, Members, Reader};

/// The longest `wait_ms`, in milliseconds: five minutes are more than any vertical's answer takes, so a
/// larger figure was meant in another unit.
const WAIT_MS_MAX: u64 = 300_000;
/// Decimals of a floor: as in a bid.
const FLOOR_DECIMALS_MAX: u8 = 4;

/// Reads a body up to its vertical; nothing where that is missing, unknown, or not open to the seller.
pub(super) fn find_vertical(
    body: &[u8],
    snapshot: &Snapshot,
    seller: SellerIndex,
) -> Result<Option<VerticalIndex>, JsonError> {
    let mut reader = Reader::new(body)?;
    let mut members = reader.object()?;
    while let Some(key) = reader.next_member(&mut members)? {
        if key == "vertical" {
            let Item::Text(name) = reader.item()? else { return Ok(None) };
            let index = snapshot.vertical_named(&name);
            let is_open = |index: &VerticalIndex| {
                snapshot.seller(seller).is_some_and(|seller| seller.agreement(*index).is_some())
            };
            return Ok(index.filter(is_open));
        }
        reader.skip()?;
    }
    Ok(None)
}

/// Returns the test that a text names, or what it may name. Who may have a campaign tested is not asked here.
fn test_of(
    text: &str,
    vertical: Option<&Vertical>,
    snapshot: &Snapshot,
) -> Result<Option<Test>, &'static str> {
    if let Some(name) = text.strip_prefix("campaign:") {
        let of_vertical = |index: &CampaignIndex| vertical.is_some_and(|own| own.campaigns.contains(index));
        return Ok(Some(Test::Campaign(snapshot.campaign_named(name).filter(of_vertical))));
    }
    match text {
        // An empty text is the same as leaving the key out.
        "" | "false" => Ok(None),
        "true" => Ok(Some(Test::Yes)),
        _ => Test::named(text)
            .map(Some)
            .ok_or("true, false, sold, unsold, duplicate, invalid, pending, cascade, slow, campaign:NAME"),
    }
}

impl<'a> BodyReader<'a, '_> {
    /// Reads the whole body.
    pub(super) fn read(&mut self) -> Result<(), JsonError> {
        let mut members = self.reader.object()?;
        let mut has_vertical = false;
        while let Some(key) = self.reader.next_member(&mut members)? {
            has_vertical |= key == "vertical";
            match self.mode {
                Mode::Ping if key == "identity" => self.read_identity()?,
                Mode::Lead | Mode::Ping => self.read_member(&key)?,
                Mode::Post { .. } => self.read_post_member(&key)?,
            }
        }
        self.reader.finish()?;
        if !has_vertical && !matches!(self.mode, Mode::Post { .. }) {
            self.findings.error(Path::Top("vertical"), "missing", "has to name the kind of lead");
        }
        self.find_missing_fields();
        Ok(())
    }

    fn read_member(&mut self, key: &str) -> Result<(), JsonError> {
        let path = Path::Top(key);
        match key {
            "vertical" => self.read_vertical()?,
            "fields" => self.read_fields()?,
            "consent" => self.read_consent()?,
            "source" => self.read_source()?,
            "sub_ids" => self.read_sub_ids()?,
            "floor" => self.out.floor = self.money(path)?,
            "max_buyers" => {
                let bounds = 1..=u64::from(limits::SHARED_BUYERS_MAX);
                self.out.max_buyers =
                    self.whole_number(path, bounds)?.and_then(|number| number.try_into().ok());
            }
            "prior_sales" => {
                let number = self.whole_number(path, 0..=u64::from(limits::SHARED_BUYERS_MAX))?;
                self.out.prior_sales = number.and_then(|number| number.try_into().ok()).unwrap_or(0);
            }
            "wait_ms" => self.out.wait = self.whole_number(path, 1..=WAIT_MS_MAX)?.map(Nanos::from_millis),
            "seller_ref" => {
                if let Some(text) = self.text(path, limits::KEY_BYTES_MAX)? {
                    self.out.set_seller_ref(&text);
                }
            }
            "test" => self.read_test()?,
            _ => self.refuse_key(path)?,
        }
        Ok(())
    }

    /// Reports a key that the request does not have and passes over its value.
    pub(super) fn refuse_key(&mut self, path: Path<'_>) -> Result<(), JsonError> {
        self.findings.unknown_key(path);
        self.reader.skip()
    }

    /// The vertical was looked up beforehand; what is left is to say what is wrong with it.
    fn read_vertical(&mut self) -> Result<(), JsonError> {
        let path = Path::Top("vertical");
        if self.any_text(path)?.is_some() && self.vertical.is_none() {
            self.findings.error(path, "unknown_vertical", "is not a vertical that is open to this seller");
        }
        Ok(())
    }

    fn read_sub_ids(&mut self) -> Result<(), JsonError> {
        self.texts("sub_ids", limits::SUB_IDS_MAX, limits::KEY_BYTES_MAX, |this, text| {
            this.out.push_sub_id(text);
        })
    }

    pub(super) fn read_test(&mut self) -> Result<(), JsonError> {
        let path = Path::Top("test");
        match self.reader.item()? {
            Item::Boolean(test) => self.out.test = test.then_some(Test::Yes),
            Item::Text(name) => match test_of(&name, self.vertical, self.snapshot) {
                Ok(asked) => self.out.test = asked,
                Err(expected) => self.findings.error(path, "not_in_enum", format!("is none of {expected}")),
            },
            other @ (Item::Null | Item::Number(_) | Item::Array(_) | Item::Object(_)) => {
                self.wrong_type(path, "true, false or the name of a test", other)?;
            }
        }
        Ok(())
    }

    /// Reads an amount of money of at least nothing.
    fn money(&mut self, path: Path<'_>) -> Result<Option<Amount>, JsonError> {
        let digits = match self.reader.item()?.number_or_text() {
            Ok(digits) => digits,
            Err(other) => {
                self.wrong_type(path, "an amount such as \"31.50\"", other)?;
                return Ok(None);
            }
        };
        match Amount::parse(&digits, FLOOR_DECIMALS_MAX) {
            Ok(amount) if amount < Amount::ZERO => {
                self.findings.error(path, "out_of_range", "has to be 0 or more");
                Ok(None)
            }
            Ok(amount) => Ok(Some(amount)),
            Err(error) => {
                let message = format!("is no amount such as \"31.50\": {error}");
                self.findings.error(path, "malformed", message);
                Ok(None)
            }
        }
    }

    /// Reads a whole number within bounds.
    pub(super) fn whole_number(
        &mut self,
        path: Path<'_>,
        bounds: core::ops::RangeInclusive<u64>,
    ) -> Result<Option<u64>, JsonError> {
        let digits = match self.reader.item()?.number() {
            Ok(digits) => digits,
            Err(other) => {
                self.wrong_type(path, "a whole number", other)?;
                return Ok(None);
            }
        };
        let whole = digits.strip_prefix('-').unwrap_or(digits).bytes().all(|byte| byte.is_ascii_digit());
        let number = digits.parse::<u64>().ok().filter(|number| bounds.contains(number));
        if !whole {
            self.findings.wrong_type(path, "a whole number");
        } else if number.is_none() {
            let message = format!("has to be between {} and {}", bounds.start(), bounds.end());
            self.findings.error(path, "out_of_range", message);
        }
        Ok(number)
    }

    /// Reads a text of at most so many bytes. An empty text stands for "not given".
    pub(super) fn text(
        &mut self,
        path: Path<'_>,
        bytes_max: usize,
    ) -> Result<Option<Cow<'a, str>>, JsonError> {
        let text = self.any_text(path)?;
        Ok(text.and_then(|text| self.checked_text(path, text, bytes_max)))
    }

    /// Reads a text of which the caller says what it has to be.
    pub(super) fn any_text(&mut self, path: Path<'_>) -> Result<Option<Cow<'a, str>>, JsonError> {
        match self.reader.item()?.text() {
            Ok(text) => Ok(Some(text)),
            Err(other) => self.wrong_type(path, "a text", other).map(|()| None),
        }
    }

    /// Opens the object at a key.
    pub(super) fn object(&mut self, key: &str) -> Result<Option<Members>, JsonError> {
        match self.reader.item()?.object() {
            Ok(members) => Ok(Some(members)),
            Err(other) => self.wrong_type(Path::Top(key), "an object", other).map(|()| None),
        }
    }

    /// Opens the array of texts at a key.
    pub(super) fn array(&mut self, key: &str) -> Result<Option<Elements>, JsonError> {
        match self.reader.item()?.array() {
            Ok(elements) => Ok(Some(elements)),
            Err(other) => self.wrong_type(Path::Top(key), "an array of texts", other).map(|()| None),
        }
    }

    /// Reads an array of texts and hands each to `keep`.
    pub(super) fn texts(
        &mut self,
        array: &'static str,
        count_max: usize,
        bytes_max: usize,
        keep: fn(&mut Self, &str),
    ) -> Result<(), JsonError> {
        let Some(mut elements) = self.array(array)? else { return Ok(()) };
        let mut count = 0_usize;
        while self.reader.next_element(&mut elements)? {
            if count >= count_max {
                self.reader.skip()?;
            } else if let Some(text) = self.text(Path::Element(array, count), bytes_max)? {
                keep(self, &text);
            }
            count = count.saturating_add(1);
        }
        if count > count_max {
            let message = format!("has {count} elements, at most {count_max} are taken");
            self.findings.error(Path::Top(array), "too_long", message);
        }
        Ok(())
    }

    /// Reports a value of another type and passes over what is left of it.
    pub(super) fn wrong_type(
        &mut self,
        path: Path<'_>,
        expected: &str,
        item: Item<'a>,
    ) -> Result<(), JsonError> {
        self.findings.wrong_type(path, expected);
        self.reader.skip_rest(item)
    }

    fn checked_text(&mut self, path: Path<'_>, text: Cow<'a, str>, bytes_max: usize) -> Option<Cow<'a, str>> {
        if text.len() > bytes_max {
            self.findings.error(path, "too_long", format!("is longer than {bytes_max} bytes"));
            return None;
        }
        // Line breaks and tabs stand in texts of consent; the rest has no place in an envelope. A text
        // without escapes is borrowed and has no control characters: the reader does not take them raw.
        let is_misplaced = |char: char| char < ' ' && !matches!(char, '\n' | '\r' | '\t');
        if matches!(text, Cow::Owned(_)) && text.contains(is_misplaced) {
            self.findings.error(path, "malformed", "contains a control character");
            return None;
        }
        Some(text).filter(|text| !text.is_empty())
    }
}
