//! The headers of a signed message, as Standard Webhooks names them.

use exchange_transport::RequestHeaders;
use exchange_types::UtcMicros;
use exchange_wire::Signer;
use exchange_wire::sign::Signed;
use http::HeaderValue;

/// Returns the headers of a message that is signed now; nothing where its id is no value of a header.
pub(crate) fn signed_headers(
    signer: &Signer,
    id: &str,
    now: UtcMicros,
    body: &[u8],
) -> Option<RequestHeaders> {
    let timestamp = now.0.div_euclid(1_000_000);
    let mut signature = Vec::with_capacity(64);
    signer.signature(Signed { id, timestamp, body }, &mut signature);
    Some(RequestHeaders {
        webhook_id: Some(HeaderValue::from_str(id).ok()?),
        webhook_timestamp: Some(HeaderValue::from(timestamp)),
        webhook_signature: Some(HeaderValue::from_bytes(&signature).ok()?),
        ..RequestHeaders::default()
    })
}
