//! `fields`: the values of the vertical's schema.

use exchange_catalog::snapshot::{Field, Stage};
use exchange_types::FieldIndex;

use super::findings::Path;
use super::{BodyReader, Mode};
use crate::json::{Item, JsonError};

const OBJECT: &str = "fields";

/// Some fields of one vertical.
#[derive(Debug, Default)]
pub(super) struct FieldSet(Vec<FieldIndex>);

impl FieldSet {
    /// Adds a field; there are at most as many as the vertical has, since keys stand in a body once.
    fn insert(&mut self, field: FieldIndex) {
        self.0.push(field);
    }

    fn contains(&self, field: FieldIndex) -> bool {
        self.0.contains(&field)
    }
}

impl BodyReader<'_, '_> {
    pub(super) fn read_fields(&mut self) -> Result<(), JsonError> {
        let Some(vertical) = self.vertical else { return self.reader.skip() };
        let Some(mut members) = self.object(OBJECT)? else { return Ok(()) };
        while let Some(key) = self.reader.next_member(&mut members)? {
            let path = Path::In(OBJECT, &key);
            let index = vertical.field_named(&key);
            match index.and_then(|index| vertical.field(index).map(|field| (index, field))) {
                None => {
                    self.findings.dropped(path, "is not a field of this vertical and was dropped");
                    self.reader.skip()?;
                }
                Some((_, field)) if self.mode == Mode::Ping && field.given == Stage::Post => {
                    self.findings.dropped(path, "is kept for the post and was dropped");
                    self.reader.skip()?;
                }
                Some((index, field)) => self.read_field(index, field)?,
            }
        }
        Ok(())
    }

    fn read_field(&mut self, index: FieldIndex, field: &Field) -> Result<(), JsonError> {
        let path = Path::In(OBJECT, &field.name);
        let out = &mut *self.out;
        let value = match self.reader.item()? {
            Item::Text(text) => self.quality.parse_text(field, &text, &mut |kept| out.push_text(kept)),
            Item::Number(digits) => field.kind.parse_number(digits).map(|value| (value, None)),
            Item::Boolean(given) => field.kind.parse_boolean(given).map(|value| (value, None)),
            other @ (Item::Null | Item::Array(_) | Item::Object(_)) => {
                self.refused.insert(index);
                return self.wrong_type(path, field.kind.expected_type(), other);
            }
        };
        match value {
            Ok((value, fault)) => {
                self.out.set_value(index, Some(value));
                self.parsed.faults.extend(fault);
            }
            Err(error) => {
                self.refused.insert(index);
                self.findings.error(path, error.code(), error.to_string());
            }
        }
        Ok(())
    }

    /// Reports every field that has to stand in this body and does not. One that stands there with a bad
    /// value has been reported.
    pub(super) fn find_missing_fields(&mut self) {
        let Some(vertical) = self.vertical else { return };
        for (field, index) in vertical.fields.iter().zip((0..).map(FieldIndex)) {
            let kept_for_later = self.mode == Mode::Ping && field.given == Stage::Post;
            let may_have_come_before = matches!(self.mode, Mode::Post { .. }) && field.given == Stage::Ping;
            let asked = field.required.is_some_and(|stage| self.mode.asks_for(stage));
            let absent = self.out.value(index).is_none() && !self.refused.contains(index);
            if asked && absent && !kept_for_later && !may_have_come_before {
                let message = format!("has to be given: {}", field.kind.expected_type());
                self.findings.error(Path::In(OBJECT, &field.name), "missing", message);
            }
        }
    }
}
