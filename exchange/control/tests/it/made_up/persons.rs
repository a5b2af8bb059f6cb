//! One person, whose lead both buyers got.

use exchange_control::{
    Acknowledged, ErasedId, ErasedLead, ErasureId, Filter, LeadBuyer, ListError, Listed, Page, Person,
    PersonErased, PersonError, PersonExport, PersonLead, Persons, Scope, ToldBuyer, Unavailable,
};
use exchange_protocol::SaleState;
use exchange_types::{Pii, UtcMicros, Uuid7};

use super::deals::{AT, DEALS, Deal, FIRST};
use super::{MadeUp, Seen};

/// What stands nowhere but in an export.
pub(crate) const CANARY: &str = "ada.canary@example.org";

fn lead() -> PersonLead {
    let buyer = |deal: Deal| LeadBuyer {
        buyer: deal.buyer.into(),
        campaign: deal.campaign.into(),
        post: deal.post(),
        sale: deal.sale(),
        state: (deal.buyer == "north").then_some(SaleState::Accepted),
    };
    PersonLead {
        lead: FIRST.lead(),
        seller: FIRST.seller.into(),
        vertical: "solar".into(),
        admitted: AT,
        buyers: DEALS.map(buyer).into(),
        erased: None,
    }
}

impl MadeUp {
    fn meet(&self, person: Person) -> Result<(), PersonError> {
        let clear = |text: Option<Pii<Box<str>>>| text.map(|text| text.reveal().into_string());
        self.note(Seen::Person(clear(person.phone), clear(person.email)));
        self.answers()?;
        self.fails.person.map_or(Ok(()), Err)
    }
}

/// Returns where the next page begins: of pages of one lead there are two.
fn next_of(page: &Page) -> Option<Box<str>> {
    (page.limit == 1 && page.cursor.is_none()).then(|| "00ff".into())
}

impl Persons for MadeUp {
    async fn find_person(&self, person: Person, page: Page) -> Result<Listed<PersonLead>, PersonError> {
        self.meet(person).map(|()| Listed { items: vec![lead()], next: next_of(&page) })
    }

    async fn export_person(&self, person: Person, page: Page) -> Result<Listed<PersonExport>, PersonError> {
        self.meet(person)?;
        let data = vec![("fields.email".into(), Pii::new(CANARY.into()))];
        Ok(Listed { items: vec![PersonExport { lead: lead(), data }], next: next_of(&page) })
    }

    async fn erase_person(&self, person: Person, by: Box<str>) -> Result<PersonErased, PersonError> {
        self.note(Seen::Erase(by.into()));
        self.meet(person)?;
        Ok(PersonErased { request: ErasureId(Uuid7::new(AT, 77)), at: AT, leads: vec![lead()] })
    }

    async fn erasures(&self, _: &Scope, page: Page) -> Result<Listed<ErasedLead>, ListError> {
        self.note(Seen::Query(Filter::default(), page));
        self.answers()?;
        let erased = |deal: Deal| ErasedLead {
            request: ErasureId(Uuid7::new(AT, 77)),
            lead: deal.lead(),
            seller: deal.seller.into(),
            vertical: "solar".into(),
            at: AT,
            by: "operator:ada".into(),
            told: vec![ToldBuyer {
                buyer: deal.buyer.into(),
                post: deal.post(),
                sale: deal.sale(),
                acknowledged: (deal.buyer == "north").then_some(UtcMicros(AT.0 + 1_000_000)),
            }],
        };
        Ok(Listed { items: DEALS.map(erased).into(), next: None })
    }

    async fn acknowledge_erasure(
        &self,
        buyer: Box<str>,
        erased: ErasedId,
    ) -> Result<Option<Acknowledged>, Unavailable> {
        self.note(Seen::Acknowledge(buyer.clone().into()));
        self.answers()?;
        let known = |deal: &Deal| match erased {
            ErasedId::Lead(id) => deal.lead() == id,
            ErasedId::Post(id) => deal.post() == id,
            ErasedId::Sale(id) => deal.sale() == id,
        };
        let found = DEALS.iter().find(|deal| deal.buyer == &*buyer && known(deal));
        Ok(found.map(|_| Acknowledged { at: AT, replayed: self.fails.replayed }))
    }
}
