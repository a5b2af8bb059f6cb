//! [`Nears`]: leads that look alike, though they name different persons.
//!
//! Where a vertical says which fields make leads look alike, a seller that sends the same person over and over with
//! other phones, or asks for prices with hardly changed pings, is not pinged for. Only memory knows it: a restart
//! forgets the half hour before it.

use dashmap::Entry;
use exchange_types::{Prints, Submission, UtcMicros, Uuid7, Value};

use crate::id_map::SharedIdMap;
use crate::{Arrival, Shared};

/// Looks of leads, over all shards. Each step is one call into the map and keeps no guard.
#[derive(Debug, Default)]
pub(crate) struct Nears(SharedIdMap<Near>);

#[derive(Clone, Copy, Debug)]
struct Near {
    id: Uuid7,
    /// The person of the lead: who it is exactly is the business of fingerprints.
    prints: Prints,
    until: UtcMicros,
}

/// The look of a lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    pub(crate) print: u128,
    /// Until when it counts.
    pub(crate) until: UtcMicros,
}

impl Nears {
    /// Notes the look of a lead, or returns which other lead had it before.
    pub(crate) fn claim(&self, look: Look, id: Uuid7, prints: Prints, now: UtcMicros) -> Result<(), Uuid7> {
        let own = Near { id, prints, until: look.until };
        match self.0.entry(look.print) {
            Entry::Vacant(place) => {
                place.insert(own);
            }
            Entry::Occupied(mut place) => {
                let known = *place.get();
                let same_person = known.prints.iter().flatten().any(|print| prints.contains(&Some(*print)));
                if now < known.until && !same_person {
                    return Err(known.id);
                }
                place.insert(own);
            }
        }
        Ok(())
    }

    pub(crate) fn forget(&self, print: u128, id: Uuid7) {
        self.0.remove_if(&print, |_, known| known.id == id);
    }
}

impl Shared {
    /// Returns the look of a lead or ping; nothing where its vertical does not ask for it, or one of the fields is not
    /// there. Letter case and outer spaces make no difference.
    pub(crate) fn look_of(&self, arrival: &Arrival, now: UtcMicros) -> Option<Look> {
        let Arrival { current, submission, .. } = arrival;
        let vertical = current.snapshot.vertical(submission.vertical)?;
        let near = vertical.near_duplicate.as_ref()?;
        let seller = current.snapshot.seller(submission.seller)?;
        let mut hash = self.person_key.hasher().text("near").text(&vertical.name).text(&seller.name);
        for field in &near.fields {
            hash = match submission.value(*field)? {
                Value::Text(span) => hash.text(&folded(submission, span)),
                Value::Integer(number) => {
                    hash.number(number.unsigned_abs().into()).text(if number < 0 { "-" } else { "" })
                }
                Value::Decimal(amount) => hash.text(&amount.micros().to_string()),
                Value::Boolean(flag) => hash.number(flag.into()),
                Value::Choice(choice) => hash.number(choice.into()),
                Value::Date(date) => hash.text(&date.to_string()),
            };
        }
        Some(Look { print: hash.finish(), until: now.saturating_add(near.window) })
    }
}

fn folded(submission: &Submission, span: exchange_types::Span) -> String {
    submission.text(span).reveal().trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_is_another_lead_s_until_its_time_is_over() {
        let nears = Nears::default();
        let id = |number| Uuid7::new(UtcMicros(1), number);
        let prints = |print| [Some(print), None, None, None];
        let look = |until| Look { print: 7, until: UtcMicros(until) };
        let nobody = Prints::default();
        assert_eq!(nears.claim(look(100), id(1), prints(1), UtcMicros(0)), Ok(()));
        assert_eq!(nears.claim(look(150), id(2), prints(2), UtcMicros(50)), Err(id(1)));
        assert_eq!(nears.claim(look(150), id(2), nobody, UtcMicros(50)), Err(id(1)));
        assert_eq!(nears.claim(look(160), id(3), prints(1), UtcMicros(60)), Ok(()), "the same person");
        nears.forget(7, id(1));
        assert_eq!(nears.claim(look(200), id(4), nobody, UtcMicros(100)), Err(id(3)));
        assert_eq!(nears.claim(look(260), id(4), nobody, UtcMicros(160)), Ok(()));
        assert_eq!(
            nears.claim(look(270), id(5), nobody, UtcMicros(170)),
            Err(id(4)),
            "nobody is not the same"
        );
    }
}
