//! The store: what the journal says, as SQL tables.
//!
//! A [`Projector`] turns records into rows, each batch in one transaction together with its place in the
//! journal; the tables hold nothing that the journal does not say, so they can be thrown away and rebuilt. One
//! SQL text serves `SQLite` and PostgreSQL. The [`ledger`] is a projection too: double entry, chained by hashes,
//! signed.
//!
//! A [`Store`] reads. It has no read of its own: [`Store::as_seller`], [`Store::as_buyer`],
//! [`Store::as_operator`] and [`Store::as_exchange`] give a [`Scoped`] one, and what a partner may not see is
//! not there:
//!
//! ```compile_fail
//! async fn unscoped(store: &exchange_store::Store) {
//!     // Whose sales? A read without a reader does not compile.
//!     let _ = store.sales(&Default::default(), &Default::default()).await;
//! }
//! ```
//!
//! ```
//! # use exchange_store::{Scoped, Seller};
//! async fn earned(seller: &Scoped<Seller>, sale: exchange_types::SaleId) -> Option<exchange_types::Amount> {
//!     seller.sale(sale).await.ok()?.map(|sale| sale.payout)
//! }
//! ```
//!
//! ```compile_fail
//! # use exchange_store::{Scoped, Seller};
//! async fn paid(seller: &Scoped<Seller>, sale: exchange_types::SaleId) -> Option<exchange_types::Amount> {
//!     // What the buyer pays is not for its seller.
//!     seller.sale(sale).await.ok()?.map(|sale| sale.price)
//! }
//! ```

mod config;
mod error;
pub mod ledger;
mod migrations;
mod page;
mod posting;
mod projector;
mod select;
mod store;
mod values;
mod view;

pub use config::{Backend, ProjectorConfig, StoreUrl};
pub use error::{OpenError, ProjectError, QueryError, UrlError};
pub use page::{BadCursor, Listed, Page};
pub use posting::PostState;
pub use projector::{Progress, Projected, Projector};
pub use store::{Buyer, Exchange, Operator, SaleRef, Scoped, Seller, Store};
pub use view::{
    ApiKeyView, AuctionView, BalanceView, BuyerSale, ClaimFound, ClosingView, DueSale, ErasedAt, ErasureView,
    EventView, HadView, LeadFilter, LeadState, LeadView, LedgerFilter, OpenUnknown, PersonSeen, ReceiverView,
    SaleFilter, SaleView, SealedPart, SellerSale, SuppressionView, Violation, ViolationKind,
};
