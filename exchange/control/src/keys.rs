//! The bearer keys: which there are, and reading them again after one was made or revoked.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use exchange_wire::{KeyMode, ProblemKind};
use serde::Serialize;

use crate::caller::Operator;
use crate::listing::{ListBody, read_query};
use crate::problem_response::ProblemResponse;
use crate::{Backend, ListedKey, limits, waiting};

/// What came of it.
#[derive(Debug, Serialize)]
pub(crate) struct Reloaded {
    /// How many keys are active now.
    keys: usize,
}

/// A bearer key.
#[derive(Debug, Serialize)]
pub(crate) struct KeyBody {
    prefix: Box<str>,
    owner: String,
    mode: &'static str,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<String>,
}

/// Lists the keys.
pub(crate) async fn list<B: Backend>(
    operator: Operator,
    State(backend): State<Arc<B>>,
    uri: Uri,
) -> Result<Json<ListBody<KeyBody>>, ProblemResponse> {
    let (_, page) = read_query(&uri, &operator.scope(), &[])?;
    let listed = waiting::read(limits::STORE_TIMEOUT, backend.keys(page)).await?;
    Ok(Json(ListBody::of(listed, |key| Some(KeyBody::of(key)))))
}

impl KeyBody {
    fn of(key: ListedKey) -> Self {
        Self {
            prefix: key.prefix,
            owner: format!("{}:{}", key.role.name(), key.name),
            mode: match key.mode {
                KeyMode::Live => "live",
                KeyMode::Test => "test",
            },
            created_at: key.created_at.to_string(),
            revoked_at: key.revoked_at.map(|at| at.to_string()),
        }
    }
}

/// Reads the keys again.
pub(crate) async fn reload<B: Backend>(
    operator: Operator,
    State(backend): State<Arc<B>>,
) -> Result<Json<Reloaded>, ProblemResponse> {
    match backend.reload_keys() {
        Ok(keys) => {
            tracing::info!(operator = %operator.principal, keys, "keys read again");
            Ok(Json(Reloaded { keys }))
        }
        Err(error) => {
            tracing::error!(operator = %operator.principal, %error, "the keys in force stay: their file cannot be read");
            let detail = format!("the keys in force stay: {error}");
            Err(ProblemResponse::new(ProblemKind::Internal, detail))
        }
    }
}
