//! Two leads of two sellers, each sold to another buyer: `acme` to `north`, and `beta` to `south`.

use exchange_control::{
    Bought, ChangeSale, ChangeSaleError, Filter, Lead, LeadStatus, ListError, Listed, Lists, NextStep, Page,
    PostSettled, PostVerdict, PostWord, PostWordError, Sale, SaleChanged, Sales, Scope, Sold, Unavailable,
    UnknownPost, Unknowns, WantedChange, WordEffect,
};
use exchange_protocol::{CandidateIndex, ResolvedBy, SaleKeys, SaleKind, SaleState};
use exchange_types::{Amount, AuctionId, Currency, HashKey, LeadId, PostId, SaleId, UtcMicros, Uuid7};

use super::{MadeUp, Seen};

/// A lead that was sold.
#[derive(Clone, Copy)]
pub(crate) struct Deal {
    serial: u128,
    pub(crate) seller: &'static str,
    pub(crate) buyer: &'static str,
    pub(crate) campaign: &'static str,
    pub(crate) price: &'static str,
    pub(crate) payout: &'static str,
    pub(crate) margin: &'static str,
    pub(crate) buyer_ref: &'static str,
}

pub(crate) const FIRST: Deal = Deal {
    serial: 5,
    seller: "acme",
    buyer: "north",
    campaign: "coast",
    price: "31.50",
    payout: "25.20",
    margin: "6.30",
    buyer_ref: "aa11",
};
pub(crate) const SECOND: Deal = Deal {
    serial: 6,
    seller: "beta",
    buyer: "south",
    campaign: "alps",
    price: "41.70",
    payout: "33.10",
    margin: "8.60",
    buyer_ref: "bb22",
};
pub(crate) const DEALS: [Deal; 2] = [FIRST, SECOND];
/// 2026-11-20, midnight.
pub(crate) const AT: UtcMicros = UtcMicros(1_795_132_800_000_000);

pub(crate) fn euro() -> Currency {
    Currency::parse("EUR").expect("a currency")
}

pub(crate) fn amount(text: &str) -> Amount {
    Amount::parse(text, 4).expect("an amount")
}

impl Deal {
    fn number(self) -> Uuid7 {
        Uuid7::new(AT, self.serial)
    }

    pub(crate) fn lead(self) -> LeadId {
        LeadId(self.number())
    }

    pub(crate) fn post(self) -> PostId {
        SaleKeys::new(&HashKey::new([7; 16])).post(self.number(), CandidateIndex(0))
    }

    pub(crate) fn sale(self) -> SaleId {
        SaleKeys::new(&HashKey::new([7; 16])).sale(self.number(), CandidateIndex(0))
    }

    fn whole_lead(self) -> Lead {
        Lead {
            test: false,
            id: self.lead(),
            kind: SaleKind::TwoStep,
            seller: self.seller.into(),
            vertical: "solar".into(),
            currency: euro(),
            catalog_version: 7,
            status: LeadStatus::Sold,
            payout: amount(self.payout),
            admitted: AT,
            erased: None,
        }
    }

    fn whole_sale(self, state: SaleState) -> Sale {
        Sale {
            id: self.sale(),
            vertical: "solar".into(),
            currency: euro(),
            state,
            exclusive: true,
            at: AT,
            settles_at: Some(UtcMicros(AT.0 + 604_800_000_000)),
            bought: Some(Bought {
                buyer: self.buyer.into(),
                campaign: self.campaign.into(),
                post: self.post(),
                price: amount(self.price),
            }),
            sold: Some(Sold {
                seller: self.seller.into(),
                lead: self.lead(),
                buyer_ref: self.buyer_ref.into(),
                payout: amount(self.payout),
            }),
        }
    }
}

impl MadeUp {
    fn list<T>(&self, filter: Filter, page: Page, item: impl Fn(Deal) -> T) -> Result<Listed<T>, ListError> {
        let stale = page.cursor.as_deref() == Some("stale");
        self.note(Seen::Query(filter, page));
        self.answers()?;
        if stale {
            return Err(ListError::Cursor);
        }
        Ok(Listed { items: DEALS.map(item).into(), next: Some("after-these".into()) })
    }
}

impl Lists for MadeUp {
    async fn leads(&self, _: &Scope, filter: Filter, page: Page) -> Result<Listed<Lead>, ListError> {
        self.list(filter, page, Deal::whole_lead)
    }

    async fn lead(&self, _: &Scope, id: LeadId) -> Result<Option<(Lead, Vec<Sale>)>, Unavailable> {
        self.answers()?;
        let found = DEALS.into_iter().find(|deal| deal.lead() == id);
        Ok(found.map(|deal| (deal.whole_lead(), vec![deal.whole_sale(SaleState::Accepted)])))
    }

    async fn auctions(&self, filter: Filter, page: Page) -> Result<Listed<Lead>, ListError> {
        self.list(filter, page, Deal::whole_lead)
    }
}

impl Sales for MadeUp {
    async fn sales(&self, _: &Scope, filter: Filter, page: Page) -> Result<Listed<Sale>, ListError> {
        self.list(filter, page, |deal| deal.whole_sale(SaleState::Accepted))
    }

    async fn sale(&self, _: &Scope, id: SaleId) -> Result<Option<Sale>, Unavailable> {
        self.answers()?;
        let found = DEALS.into_iter().find(|deal| deal.sale() == id);
        Ok(found.map(|deal| deal.whole_sale(SaleState::Accepted)))
    }

    async fn change_sale(&self, change: ChangeSale) -> Result<SaleChanged, ChangeSaleError> {
        self.note(Seen::Change(change.clone()));
        self.answers().map_err(|_| ChangeSaleError::Unavailable)?;
        let mine = |deal: &Deal| change.scope.is_everything() || change.scope.buyer() == Some(deal.buyer);
        let found = DEALS.into_iter().find(|deal| deal.sale() == change.sale).filter(mine);
        let deal = found.ok_or(ChangeSaleError::NotFound)?;
        if let Some(refused) = self.fails.change {
            return Err(refused);
        }
        let state = match change.change {
            WantedChange::Return(_) => SaleState::Returned,
            WantedChange::Adjust { .. } => SaleState::Adjusted,
            WantedChange::Reverse => SaleState::Reversed,
        };
        Ok(SaleChanged { sale: deal.whole_sale(state), replayed: self.fails.replayed })
    }
}

impl Unknowns for MadeUp {
    async fn unknowns(&self, page: Page) -> Result<Listed<UnknownPost>, ListError> {
        self.list(Filter::default(), page, |deal| UnknownPost {
            post: deal.post(),
            sale: deal.sale(),
            auction: AuctionId(deal.number()),
            seller: deal.seller.into(),
            campaign: deal.campaign.into(),
            buyer: deal.buyer.into(),
            vertical: "solar".into(),
            currency: euro(),
            price: amount(deal.price),
            payout: amount(deal.payout),
            exclusive: true,
            intent_at: AT,
            attempts: 2,
            next: NextStep::Repost,
            next_at: Some(UtcMicros(AT.0 + 1_000_000)),
        })
    }

    async fn say(&self, word: PostWord) -> Result<PostSettled, PostWordError> {
        self.note(Seen::Word(word.clone()));
        self.answers().map_err(|_| PostWordError::Unavailable)?;
        let mine = |deal: &Deal| word.scope.is_everything() || word.scope.buyer() == Some(deal.buyer);
        let found = DEALS.into_iter().find(|deal| deal.post() == word.post).filter(mine);
        let deal = found.ok_or(PostWordError::NotFound)?;
        if let Some(refused) = self.fails.word {
            return Err(refused);
        }
        let accepted = word.verdict == PostVerdict::Accepted;
        Ok(PostSettled {
            effect: if self.fails.replayed { WordEffect::AlreadySo } else { WordEffect::Resolved },
            outcome: word.verdict.outcome(),
            price: if accepted { word.price.unwrap_or(amount(deal.price)) } else { Amount::ZERO },
            payout: if accepted { amount(deal.payout) } else { Amount::ZERO },
            currency: euro(),
            sale: deal.sale(),
            by: Some(if word.scope.is_everything() { ResolvedBy::Person } else { ResolvedBy::Report }),
            at: AT,
        })
    }
}
