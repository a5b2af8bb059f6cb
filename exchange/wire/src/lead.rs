//! What a seller sends: a lead, a ping, or the post of a ping.
//!
//! The body is read once for its vertical, which nearly always stands first, and once for everything: values
//! go straight into a pooled [`Submission`]. Broken JSON ends the reading with its line and column; beyond
//! that every bad field is found and named at once. Messages repeat no values, which are personal data.

mod completeness;
mod consent;
mod envelope;
mod fields;
mod findings;
mod identity;
mod person;
pub mod post_problem;
mod post_request;
mod rfc3339;
mod source;

use exchange_catalog::snapshot::{Stage, Vertical};
use exchange_catalog::{QualityCheck, Snapshot};
use exchange_types::{QualityFault, SellerIndex, Submission, VerticalIndex};

pub use completeness::require_complete;
pub use identity::{Identity, sha256_of_hex};
pub use person::person;
pub use post_request::PostRequest;

use crate::json::{JsonError, Reader};
use crate::{FieldError, Problem, ProblemKind};
use findings::Findings;

/// Which request a body belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// `POST /v1/leads`: ping and post at once.
    Lead,
    /// `POST /v1/pings`.
    Ping,
    /// `POST /v1/pings/{id}/post`.
    Post {
        /// The ping's vertical.
        vertical: VerticalIndex,
    },
}

/// What a body is read against.
#[derive(Clone, Copy, Debug)]
pub struct Against<'a> {
    /// The catalog.
    pub snapshot: &'a Snapshot,
    /// Whose body it is.
    pub seller: SellerIndex,
    /// What well-formed values have to be besides.
    pub quality: QualityCheck<'a>,
}

/// What a body says besides the submission.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    /// What was dropped, for the answer's `warnings`.
    pub warnings: Vec<String>,
    /// What makes the lead invalid, though it is well formed. Of a post, rules across fields are not among it:
    /// they need the ping too.
    pub faults: Vec<QualityFault>,
    /// What a ping says of the person.
    pub identity: Identity,
    /// What a post chooses.
    pub post: PostRequest,
}

/// Reads a seller's body into `out`, which is emptied first.
///
/// In [`Mode::Post`] only fields that cannot have come with the ping are asked for;
/// [`require_complete`] checks the rest when ping and post are joined.
///
/// # Errors
///
/// A body that is no JSON object, or not a strict one, is 400; otherwise every wrong, missing or unknown
/// key is named in a 422. What stands in `out` is then of no use.
pub fn parse(body: &[u8], mode: Mode, against: Against<'_>, out: &mut Submission) -> Result<Parsed, Problem> {
    let Against { snapshot, seller, quality } = against;
    let malformed = |error: JsonError| malformed_body(&error, body);
    let vertical = match mode {
        Mode::Post { vertical } => Some(vertical),
        Mode::Lead | Mode::Ping => envelope::find_vertical(body, snapshot, seller).map_err(malformed)?,
    };
    let schema = vertical.and_then(|index| snapshot.vertical(index));
    out.reset(vertical.unwrap_or_default(), seller, schema.map_or(0, |schema| schema.fields.len()));
    let reader = Reader::new(body).map_err(malformed)?;
    let mut body_reader = BodyReader {
        reader,
        mode,
        snapshot,
        vertical: schema,
        quality,
        out,
        findings: Findings::default(),
        refused: fields::FieldSet::default(),
        parsed: Parsed::default(),
    };
    body_reader.read().map_err(malformed)?;
    let BodyReader { findings, mut parsed, out, .. } = body_reader;
    let (errors, warnings) = findings.into_parts();
    if !errors.is_empty() {
        return Err(refused(errors));
    }
    parsed.faults.extend(schema.map(|schema| mode.broken_rules(schema, out)).unwrap_or_default());
    Ok(Parsed { warnings, ..parsed })
}

/// One reading of a body.
struct BodyReader<'a, 's> {
    reader: Reader<'a>,
    mode: Mode,
    snapshot: &'s Snapshot,
    /// The schema; nothing where the vertical is missing or not open, and then `fields` is passed over.
    vertical: Option<&'s Vertical>,
    quality: QualityCheck<'s>,
    out: &'s mut Submission,
    findings: Findings,
    /// Fields that came with a bad value, which is reported once.
    refused: fields::FieldSet,
    parsed: Parsed,
}

impl Mode {
    /// Returns whether a field that is required at `stage` has to stand in this body.
    fn asks_for(self, stage: Stage) -> bool {
        match self {
            Self::Lead => true,
            Self::Ping => stage == Stage::Ping,
            Self::Post { .. } => stage == Stage::Post,
        }
    }

    fn broken_rules(self, schema: &Vertical, lead: &Submission) -> Vec<QualityFault> {
        match self {
            Self::Lead => schema.broken_rules(lead),
            Self::Ping => schema.broken_rules_so_far(lead),
            Self::Post { .. } => Vec::new(),
        }
    }
}

fn malformed_body(error: &JsonError, body: &[u8]) -> Problem {
    let (line, column) = error.place(body);
    Problem::new(ProblemKind::MalformedBody, format!("line {line}, column {column}: {}", error.fault))
}

fn refused(errors: Vec<FieldError>) -> Problem {
    let only_offers = errors.iter().all(|error| error.code == post_request::UNKNOWN_OFFER);
    if only_offers {
        return Problem::new(ProblemKind::UnknownOffer, "choose among the offers of this ping")
            .with_errors(errors);
    }
    let detail = if errors.len() == 1 {
        "1 field is missing or wrong".into()
    } else {
        format!("{} fields are missing or wrong", errors.len())
    };
    Problem::new(ProblemKind::Validation, detail).with_errors(errors)
}

#[cfg(test)]
mod tests;
