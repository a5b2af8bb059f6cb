//! What is personal goes into the journal as ciphertext, and comes back from it.

use exchange_protocol::{SealClass, Sealed, decode_submission, encode_submission, has_consent};
use exchange_types::{Submission, Uuid7};

use crate::recovery::OpenSale;
use crate::{Shard, World};

impl Shard {
    /// Seals a submission for its record. The ciphertexts stand in `self.sealed`.
    ///
    /// Returns nothing where the vault has no key ready.
    pub(crate) fn seal(
        &mut self,
        world: &mut impl World,
        lead: Uuid7,
        submission: &Submission,
    ) -> Option<(Sealed, Option<Sealed>)> {
        self.sealed.clear();
        self.plain.clear();
        encode_submission(submission, SealClass::Lead, &mut self.plain);
        let sealed = world.seal(lead, SealClass::Lead, &self.plain, &mut self.sealed)?;
        if !has_consent(submission) {
            return Some((sealed, None));
        }
        self.plain.clear();
        encode_submission(submission, SealClass::Consent, &mut self.plain);
        let consent = world.seal(lead, SealClass::Consent, &self.plain, &mut self.sealed)?;
        Some((sealed, Some(consent)))
    }
}

/// Returns the lead of an open sale as its posts had it; nothing where its key is destroyed. A part of the
/// consent whose key is destroyed is left out.
pub(crate) fn unseal_sale(world: &mut impl World, sale: &OpenSale) -> Option<Box<Submission>> {
    let lead = &sale.lead;
    let mut submission = unseal(world, lead.id, (lead.sealed, lead.consent), &sale.sealed)?;
    for (post, sealed) in &sale.completed {
        let added = unseal(world, lead.id, (post.sealed, post.consent), sealed)?;
        submission.complete_with(&added);
    }
    Some(Box::new(submission))
}

fn unseal(
    world: &mut impl World,
    lead: Uuid7,
    (sealed, consent): (Sealed, Option<Sealed>),
    bytes: &[u8],
) -> Option<Submission> {
    let length = usize::try_from(sealed.length).ok()?;
    let (own, rest) = bytes.split_at_checked(length)?;
    let plain = world.unseal(lead, &sealed, own)?;
    let consent = consent.and_then(|consent| {
        let own = rest.get(..usize::try_from(consent.length).ok()?)?;
        world.unseal(lead, &consent, own)
    });
    decode_submission(&plain, consent.as_deref()).ok()
}
