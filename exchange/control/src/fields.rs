//! [`Fields`]: the members of a body or query, read strictly and with every mistake named at once.

mod kind;

use std::borrow::Cow;

use axum::extract::Query;
use axum::http::Uri;
use exchange_wire::{FieldError, Problem, ProblemKind};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::problem_response::ProblemResponse;

pub(crate) use kind::{
    amount, currency, elements, idempotency_key, name, one_of, time, token, whole_number, words,
};

/// The most members of an object: every request has less than a dozen keys.
const MEMBERS_MAX: usize = 64;
/// Characters of an unknown key that are shown back to its sender.
const KEY_SHOWN_CHARS_MAX: usize = 64;

/// What is wrong with a value: a stable word, and what would be right.
pub(crate) type Fault = (&'static str, Cow<'static, str>);

/// The members of an object that have not been read yet, and what is wrong with those that were.
///
/// It has no `Debug`: a body may hold personal data.
pub(crate) struct Fields {
    members: Vec<(String, Box<RawValue>)>,
    path: String,
    errors: Vec<FieldError>,
}

impl Fields {
    /// Reads a body: one JSON object.
    pub(crate) fn of_body(body: &[u8]) -> Result<Self, ProblemResponse> {
        let members: Members = serde_json::from_slice(body).map_err(|error| {
            let place = format!("line {}, column {}", error.line(), error.column());
            let detail = format!("the body is no JSON object whose keys stand there once, at {place}");
            ProblemResponse::new(ProblemKind::MalformedBody, detail)
        })?;
        Ok(Self { members: members.0, path: String::new(), errors: Vec::new() })
    }

    /// Reads the query of a URL; each of its values is a text.
    pub(crate) fn of_query(uri: &Uri) -> Result<Self, ProblemResponse> {
        let refused = || ProblemResponse::new(ProblemKind::Validation, "the query cannot be read");
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri).map_err(|_| refused())?;
        let mut fields = Self { members: Vec::new(), path: String::new(), errors: Vec::new() };
        if pairs.len() > MEMBERS_MAX {
            return Err(refused());
        }
        for (key, text) in pairs {
            if fields.has(&key) {
                fields.fault(&key, ("repeated", "stands there twice".into()));
            } else {
                let raw = serde_json::value::to_raw_value(&text).map_err(|_| refused())?;
                fields.members.push((key, raw));
            }
        }
        Ok(fields)
    }

    /// Reads an object inside a body.
    pub(crate) fn of_object(raw: &RawValue, path: &str) -> Result<Self, Fault> {
        let members: Members = serde_json::from_str(raw.get())
            .map_err(|_| ("wrong_type", "has to be an object whose keys stand there once".into()))?;
        Ok(Self { members: members.0, path: format!("{path}."), errors: Vec::new() })
    }

    /// Returns whether a member is there and was not read yet.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.members.iter().any(|(known, _)| known == key)
    }

    /// Reads a member that may be missing.
    pub(crate) fn optional<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&RawValue) -> Result<T, Fault>,
    ) -> Option<T> {
        let position = self.members.iter().position(|(known, _)| known == key)?;
        let (_, raw) = self.members.swap_remove(position);
        read(&raw).map_err(|fault| self.fault(key, fault)).ok()
    }

    /// Reads a member that has to be there. Nothing is returned where [`Fields::finish`] will refuse.
    pub(crate) fn required<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&RawValue) -> Result<T, Fault>,
    ) -> Option<T> {
        if !self.has(key) {
            self.fault(key, ("missing", "has to be given".into()));
        }
        self.optional(key, read)
    }

    /// Reads a member that is a list of objects, of at most so many.
    pub(crate) fn objects<T>(
        &mut self,
        key: &'static str,
        count_max: usize,
        mut read: impl FnMut(&mut Self) -> Option<T>,
    ) -> Vec<T> {
        let listed = self.optional(key, |raw| elements(raw, count_max)).unwrap_or_default();
        let read_one = |(position, raw): (usize, Box<RawValue>)| match Self::of_object(
            &raw,
            &format!("{}{key}.{position}", self.path),
        ) {
            Ok(mut inner) => {
                let one = read(&mut inner);
                inner.refuse_rest();
                self.errors.append(&mut inner.errors);
                one
            }
            Err(fault) => {
                self.fault(&format!("{key}.{position}"), fault);
                None
            }
        };
        listed.into_iter().enumerate().filter_map(read_one).collect()
    }

    /// Reads a member that is an object, or an empty one where it is missing.
    pub(crate) fn object<T>(&mut self, key: &'static str, read: impl FnOnce(&mut Self) -> T) -> Option<T> {
        let path = format!("{}{key}", self.path);
        let mut inner = self.optional(key, |raw| Self::of_object(raw, &path))?;
        let whole = read(&mut inner);
        inner.refuse_rest();
        self.errors.append(&mut inner.errors);
        Some(whole)
    }

    /// Notes a mistake.
    pub(crate) fn fault(&mut self, key: &str, (code, message): Fault) {
        let shown: String = key.chars().take(KEY_SHOWN_CHARS_MAX).collect();
        let place = format!("{}{shown}", self.path);
        // What is wrong with an object as a whole is named by the object.
        self.errors.push(FieldError::new(place.trim_end_matches('.'), code, message));
    }

    /// Notes a mistake in a header.
    pub(crate) fn header<T>(&mut self, name: &'static str, read: Result<T, Fault>) -> Option<T> {
        read.map_err(|fault| self.fault(name, fault)).ok()
    }

    /// Returns what was read, or every mistake and every member that nobody asked for.
    pub(crate) fn finish<T>(mut self, whole: Option<T>) -> Result<T, ProblemResponse> {
        self.refuse_rest();
        match whole {
            Some(whole) if self.errors.is_empty() => Ok(whole),
            _ => Err(refused(self.errors)),
        }
    }

    fn refuse_rest(&mut self) {
        for (key, _) in core::mem::take(&mut self.members) {
            self.fault(&key, ("unknown_key", "is not a key of this request".into()));
        }
    }
}

/// Returns the problem of these fields.
pub(crate) fn refused(errors: Vec<FieldError>) -> ProblemResponse {
    let detail = match errors.len() {
        1 => "1 field is missing or wrong".to_owned(),
        count => format!("{count} fields are missing or wrong"),
    };
    ProblemResponse(Problem::new(ProblemKind::Validation, detail).with_errors(errors))
}

/// The members of an object, each key once.
struct Members(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members;

    fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members: Vec<(String, Box<RawValue>)> = Vec::new();
        while let Some((key, raw)) = map.next_entry::<String, Box<RawValue>>()? {
            if members.len() == MEMBERS_MAX || members.iter().any(|(known, _)| *known == key) {
                return Err(A::Error::custom("too many keys, or one twice"));
            }
            members.push((key, raw));
        }
        Ok(Members(members))
    }
}

#[cfg(test)]
mod tests;
