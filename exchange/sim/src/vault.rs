//! [`SimVault`]: keys of personal data, each used once.

use std::collections::BTreeMap;

use exchange_protocol::{SealClass, Sealed, SlotRef};
use exchange_types::{HashKey, Uuid7};

/// The keys that were drawn, with the lead to which each belongs.
#[derive(Debug, Default)]
pub(crate) struct SimVault {
    keys: BTreeMap<SlotRef, Uuid7>,
    file: u32,
    drawn: u32,
}

impl SimVault {
    /// Begins a fresh file of slots, as a start does.
    pub(crate) fn begin_file(&mut self) {
        self.file = self.file.saturating_add(1);
        self.drawn = 0;
    }

    /// Begins the first file anew: a planted fault.
    pub(crate) fn begin_anew(&mut self) {
        self.drawn = 0;
    }

    pub(crate) fn seal(
        &mut self,
        lead: Uuid7,
        class: SealClass,
        plain: &[u8],
        out: &mut Vec<u8>,
    ) -> Option<Sealed> {
        self.drawn = self.drawn.saturating_add(1);
        let slot = SlotRef { class, file: self.file, index: self.drawn };
        self.keys.insert(slot, lead);
        let begin = out.len();
        let key = pad(lead, slot);
        out.extend(plain.iter().zip(key.into_iter().cycle()).map(|(byte, pad)| byte ^ pad));
        let digest = digest(out.get(begin..)?);
        Some(Sealed { slot, length: u32::try_from(plain.len()).ok()?, digest })
    }

    /// Returns what was sealed; nothing where the key belongs to another lead or the ciphertext is another one.
    pub(crate) fn unseal(&self, lead: Uuid7, sealed: &Sealed, ciphertext: &[u8]) -> Option<Vec<u8>> {
        let owner = self.keys.get(&sealed.slot)?;
        if *owner != lead || digest(ciphertext) != sealed.digest {
            return None;
        }
        let key = pad(lead, sealed.slot);
        Some(ciphertext.iter().zip(key.into_iter().cycle()).map(|(byte, pad)| byte ^ pad).collect())
    }
}

/// No cipher, but another pad for each slot, and nothing stands there in clear.
fn pad(lead: Uuid7, slot: SlotRef) -> [u8; 16] {
    let number = (u128::from(slot.file) << 32) | u128::from(slot.index);
    HashKey::new(lead.as_u128().to_le_bytes()).hasher().number(number).finish().to_le_bytes()
}

fn digest(bytes: &[u8]) -> [u8; 32] {
    let mut digest = [0; 32];
    let hash = HashKey::new([3; 16]).hasher().bytes(bytes).finish().to_le_bytes();
    for (place, byte) in digest.iter_mut().zip(hash) {
        *place = byte;
    }
    digest
}
