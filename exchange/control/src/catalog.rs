//! The catalog in force: what it holds, and putting another in its place.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use exchange_catalog::{Diagnostic, Severity, SourceFile};
use exchange_wire::{FieldError, Problem, ProblemKind};
use serde::{Deserialize, Serialize};

use crate::caller::Operator;
use crate::problem_response::ProblemResponse;
use crate::request_body::read_json;
use crate::{Applied, ApplyError, Backend, CatalogSummary, limits};

/// What is put: the files of a catalog.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PutBody {
    files: Vec<PutFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PutFile {
    name: String,
    text: String,
}

/// A catalog was taken.
#[derive(Debug, Serialize)]
pub(crate) struct AppliedBody {
    version: u64,
    warnings: Vec<Finding>,
}

/// What was found in a catalog; the shape of an error in a problem document.
#[derive(Debug, Serialize)]
struct Finding {
    /// File, line and column.
    field: String,
    code: &'static str,
    message: String,
}

/// Shows what the catalog in force holds.
pub(crate) async fn show<B: Backend>(
    _operator: Operator,
    State(backend): State<Arc<B>>,
) -> Json<CatalogSummary> {
    Json(backend.catalog())
}

/// Puts a catalog in force, whole or not at all.
pub(crate) async fn put<B: Backend>(
    operator: Operator,
    State(backend): State<Arc<B>>,
    request: Request,
) -> Result<Json<AppliedBody>, ProblemResponse> {
    let PutBody { files } = read_json(request, limits::CATALOG_BYTES_MAX).await?;
    let files = files.into_iter().map(|PutFile { name, text }| SourceFile { name, text }).collect();
    // In a task of its own, for it has to come to its end even if the operator hangs up.
    let applying = tokio::spawn(async move { backend.apply(files).await });
    match applying.await {
        Ok(Ok(Applied { version, warnings })) => {
            tracing::info!(operator = %operator.principal, version, warnings = warnings.len(), "catalog in force");
            Ok(Json(AppliedBody { version, warnings: warnings.iter().map(Finding::of).collect() }))
        }
        Ok(Err(ApplyError::Refused(found))) => Err(refused(&found)),
        Ok(Err(ApplyError::Store(error))) => {
            tracing::error!(operator = %operator.principal, %error, "the catalog in force stays: the new one cannot be stored");
            let detail = "the catalog in force stays: the new one cannot be stored";
            Err(ProblemResponse::new(ProblemKind::Internal, detail))
        }
        Err(error) => {
            tracing::error!(operator = %operator.principal, %error, "the catalog in force stays: applying broke off");
            Err(ProblemResponse::new(ProblemKind::Internal, "the catalog in force stays: applying broke off"))
        }
    }
}

fn refused(found: &[Diagnostic]) -> ProblemResponse {
    let mistakes = found.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count();
    let detail = match mistakes {
        1 => "1 mistake; the catalog in force stays".to_owned(),
        count => format!("{count} mistakes; the catalog in force stays"),
    };
    let errors = found
        .iter()
        .map(Finding::of)
        .map(|Finding { field, code, message }| FieldError::new(field, code, message));
    ProblemResponse(Problem::new(ProblemKind::CatalogRefused, detail).with_errors(errors.collect()))
}

impl Finding {
    /// Splits a diagnostic so that `field: code: message` is its text again.
    fn of(diagnostic: &Diagnostic) -> Self {
        let Diagnostic { severity, file, line, column, path, message, remedy } = diagnostic;
        let path = if path.is_empty() { String::new() } else { format!("{path}: ") };
        let remedy = if remedy.is_empty() { String::new() } else { format!("; {remedy}") };
        Self {
            field: format!("{file}:{line}:{column}"),
            code: match severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            },
            message: format!("{path}{message}{remedy}"),
        }
    }
}
