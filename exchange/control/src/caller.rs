//! [`Caller`]: proof that a key of the right role came with a request.

use core::marker::PhantomData;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use exchange_wire::{KeyMode, ProblemKind};

use crate::problem_response::ProblemResponse;
use crate::{Backend, Principal, Role, Scope};

/// Proof that a key of one of the roles `R` came with a request: a handler that takes one runs for them only.
#[derive(Debug)]
pub(crate) struct Caller<R> {
    /// Who calls.
    pub(crate) principal: Arc<Principal>,
    roles: PhantomData<R>,
}

/// Proof that an operator's key came with a request.
pub(crate) type Operator = Caller<Operators>;

/// Which roles may call a handler.
pub(crate) trait Roles: Send + Sync + 'static {
    /// They.
    const ADMITTED: &'static [Role];
    /// Says so to everybody else.
    const DETAIL: &'static str;
}

macro_rules! roles {
    ($($(#[$doc:meta])* $name:ident = [$($role:ident),+], $detail:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub(crate) struct $name;

        impl Roles for $name {
            const ADMITTED: &'static [Role] = &[$(Role::$role),+];
            const DETAIL: &'static str = $detail;
        }
    )+};
}

roles! {
    /// Operators only.
    Operators = [Operator], "this takes the key of an operator";
    /// Buyers only: a buyer's own word.
    Buyers = [Buyer], "this takes the key of a buyer";
    /// Operators, and sellers for what is theirs.
    OrSellers = [Operator, Seller], "this takes the key of an operator or a seller";
    /// Operators, and buyers for what is theirs.
    OrBuyers = [Operator, Buyer], "this takes the key of an operator or a buyer";
    /// Everybody with a key, each for what is theirs.
    Everybody = [Operator, Seller, Buyer], "this takes the key of an operator, a seller or a buyer";
}

impl<R> Caller<R> {
    /// Returns what the caller may see.
    pub(crate) fn scope(&self) -> Scope {
        Scope::of(&self.principal)
    }
}

impl<B: Backend, R: Roles> FromRequestParts<Arc<B>> for Caller<R> {
    type Rejection = ProblemResponse;

    async fn from_request_parts(parts: &mut Parts, backend: &Arc<B>) -> Result<Self, ProblemResponse> {
        let Some(bearer) = bearer(parts) else {
            let detail = "send one key as `Authorization: Bearer KEY`";
            return Err(ProblemResponse::new(ProblemKind::Unauthorized, detail));
        };
        let Some(principal) = backend.authenticate(bearer) else {
            return Err(ProblemResponse::new(
                ProblemKind::Unauthorized,
                "the key is not known, or was revoked",
            ));
        };
        if !R::ADMITTED.contains(&principal.role) {
            return Err(ProblemResponse::new(ProblemKind::Forbidden, R::DETAIL));
        }
        // All that stands here is real: money, people, what is sold to whom.
        if principal.mode == KeyMode::Test {
            return Err(ProblemResponse::new(ProblemKind::Forbidden, "a test key opens nothing here"));
        }
        Ok(Self { principal, roles: PhantomData })
    }
}

/// Returns the bearer key; nothing where there is none, or more than one.
fn bearer(parts: &Parts) -> Option<&str> {
    let mut values = parts.headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (scheme, key) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(key.trim_start())
}
