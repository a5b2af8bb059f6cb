//! Reading a body of JSON within its limits.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, header};
use exchange_wire::ProblemKind;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use tokio::time::timeout;

use crate::limits;
use crate::problem_response::ProblemResponse;

/// Reads a body of JSON of at most so many bytes.
pub(crate) async fn read_json<T: DeserializeOwned>(
    request: Request,
    bytes_max: usize,
) -> Result<T, ProblemResponse> {
    serde_json::from_slice(&read_bytes(request, bytes_max).await?).map_err(|error| malformed(&error))
}

/// Reads a body that says to be JSON, of at most so many bytes.
pub(crate) async fn read_bytes(request: Request, bytes_max: usize) -> Result<Bytes, ProblemResponse> {
    check_header(request.headers(), bytes_max)?;
    let reading = timeout(limits::BODY_TIMEOUT, read(request.into_body(), bytes_max)).await;
    let Ok(read) = reading else {
        return Err(ProblemResponse::new(ProblemKind::RequestTimeout, "the body did not arrive in time"));
    };
    read
}

fn check_header(headers: &HeaderMap, bytes_max: usize) -> Result<(), ProblemResponse> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let media_type = text(header::CONTENT_TYPE).and_then(|value| value.split(';').next()).unwrap_or("");
    if !media_type.trim().eq_ignore_ascii_case("application/json") {
        let detail = "send the body as `Content-Type: application/json`";
        return Err(ProblemResponse::new(ProblemKind::UnsupportedMediaType, detail));
    }
    if headers.contains_key(header::CONTENT_ENCODING) {
        let detail = "send the body as it is, without `Content-Encoding`";
        return Err(ProblemResponse::new(ProblemKind::UnsupportedMediaType, detail));
    }
    let announced = text(header::CONTENT_LENGTH).and_then(|length| length.parse::<usize>().ok());
    if announced.is_some_and(|length| length > bytes_max) { Err(too_large(bytes_max)) } else { Ok(()) }
}

async fn read(body: Body, bytes_max: usize) -> Result<Bytes, ProblemResponse> {
    use std::error::Error as _;

    to_bytes(body, bytes_max).await.map_err(|error| match error.source() {
        // A connection that broke leaves nobody to read this; what else can go wrong is the length.
        Some(cause) if cause.is::<hyper::Error>() => {
            ProblemResponse::new(ProblemKind::MalformedRequest, "the body ended too early")
        }
        _ => too_large(bytes_max),
    })
}

fn too_large(bytes_max: usize) -> ProblemResponse {
    ProblemResponse::new(ProblemKind::PayloadTooLarge, format!("the body may have {bytes_max} bytes"))
}

fn malformed(error: &serde_json::Error) -> ProblemResponse {
    // A key that stands twice is a fault of the text, whichever key it is.
    let repeated = error.to_string().starts_with("duplicate field");
    let kind = match error.classify() {
        Category::Data if !repeated => ProblemKind::Validation,
        Category::Data | Category::Syntax | Category::Eof | Category::Io => ProblemKind::MalformedBody,
    };
    ProblemResponse::new(kind, error.to_string())
}
