//! Sealing and opening of bytes under the key of a slot: AES-256-GCM, bound to the slot and to the lead.
//!
//! A key seals once. The nonce is taken from the lead's id nevertheless, so that even a key drawn twice by mistake
//! would not meet one nonce twice.

use aws_lc_rs::aead::{Aad, NONCE_LEN, Nonce};
use aws_lc_rs::digest;
use exchange_protocol::{Sealed, SlotRef};
use exchange_types::Uuid7;
use zeroize::Zeroizing;

use crate::slot_key::{SlotKey, TAG_BYTES};

/// Appends the ciphertext of `plain` to `out`.
pub(crate) fn seal(key: &SlotKey, slot: SlotRef, lead: Uuid7, plain: &[u8], out: &mut Vec<u8>) -> Sealed {
    let begin = out.len();
    // Room for the tag too: a later growth would leave the old bytes behind.
    out.reserve(plain.len() + TAG_BYTES);
    out.extend_from_slice(plain);
    let (_, body) = out.split_at_mut(begin);
    let tag = key.cipher().seal_in_place_separate_tag(nonce(lead), Aad::from(bound_to(slot, lead)), body);
    let tag = tag.expect("AES-GCM seals any bytes of the length that a drawer takes");
    out.extend_from_slice(tag.as_ref());
    let (_, ciphertext) = out.split_at(begin);
    let length = u32::try_from(ciphertext.len()).expect("a drawer bounds the length");
    Sealed { slot, length, digest: sha256(ciphertext) }
}

/// Opens a ciphertext; `None` where it is not the one of this key, slot and lead.
pub(crate) fn open(
    key: &SlotKey,
    sealed: &Sealed,
    lead: Uuid7,
    ciphertext: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let mut plain = Zeroizing::new(ciphertext.to_vec());
    let aad = Aad::from(bound_to(sealed.slot, lead));
    let length = key.cipher().open_in_place(nonce(lead), aad, &mut plain).ok()?.len();
    plain.truncate(length);
    Some(plain)
}

/// Tells whether these bytes are the ciphertext that `sealed` names.
pub(crate) fn is_named_by(ciphertext: &[u8], sealed: &Sealed) -> bool {
    u32::try_from(ciphertext.len()) == Ok(sealed.length) && sha256(ciphertext) == sealed.digest
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut array = [0; 32];
    array.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    array
}

/// The slot and the lead, as the ciphertext is bound to them.
fn bound_to(slot: SlotRef, lead: Uuid7) -> [u8; 25] {
    let mut bytes = [0; 25];
    let parts = [slot.class.code()]
        .into_iter()
        .chain(slot.file.to_le_bytes())
        .chain(slot.index.to_le_bytes())
        .chain(lead.as_u128().to_le_bytes());
    for (to, from) in bytes.iter_mut().zip(parts) {
        *to = from;
    }
    bytes
}

/// The low bits of the id, which hold its random ones.
fn nonce(lead: Uuid7) -> Nonce {
    let mut bytes = [0; NONCE_LEN];
    for (to, from) in bytes.iter_mut().zip(lead.as_u128().to_le_bytes()) {
        *to = from;
    }
    Nonce::assume_unique_for_key(bytes)
}
