//! [`SealedText`]: a short personal text in a record, as ciphertext that stands where the text would.

use core::fmt::Write as _;

use super::bytes::{Reader, Writer};
use super::sealed::Sealed;

/// How a sealed text begins. No URL does.
const PREFIX: &str = "sealed:";

/// A short personal text as ciphertext: the key by its slot, then the ciphertext itself.
///
/// It is written in place of the text, so whoever does not open it passes it on as it is. Its key is one of the
/// lead, and is erased with the lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedText {
    /// Whose key, and which ciphertext.
    pub sealed: Sealed,
    /// The ciphertext.
    pub ciphertext: Vec<u8>,
}

impl SealedText {
    /// Returns it as a record has it.
    pub fn to_text(&self) -> String {
        let mut bytes = Vec::new();
        self.sealed.write(&mut Writer::new(&mut bytes));
        bytes.extend_from_slice(&self.ciphertext);
        let digits = bytes.len().saturating_mul(2);
        let mut text = String::with_capacity(PREFIX.len().saturating_add(digits));
        text.push_str(PREFIX);
        for byte in bytes {
            // Writing into a text cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }

    /// Reads what a record has; nothing where the text is in clear.
    pub fn read(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(PREFIX)?;
        let bytes: Option<Vec<u8>> = digits.as_bytes().chunks(2).map(byte).collect();
        let bytes = bytes?;
        let mut from = Reader::new(&bytes);
        let sealed = Sealed::read(&mut from).ok()?;
        let ciphertext = bytes.get(from.position()..)?.to_vec();
        (usize::try_from(sealed.length).ok()? == ciphertext.len()).then_some(Self { sealed, ciphertext })
    }
}

/// Returns the byte of two lower-case digits.
fn byte(pair: &[u8]) -> Option<u8> {
    let digit = |at: usize| {
        let digit = *pair.get(at)?;
        let value = char::from(digit).to_digit(16).filter(|_| !digit.is_ascii_uppercase())?;
        u8::try_from(value).ok()
    };
    Some(digit(0)? << 4 | digit(1)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SealClass, SlotRef};

    #[test]
    fn a_sealed_text_reads_back_and_a_text_in_clear_is_none() {
        let slot = SlotRef { class: SealClass::Lead, file: 7, index: 300 };
        let sealed = SealedText {
            sealed: Sealed { slot, length: 3, digest: [9; 32] },
            ciphertext: vec![0, 0x7f, 0xff],
        };
        let text = sealed.to_text();
        assert_eq!(SealedText::read(&text), Some(sealed));
        let cut = &text[..text.len() - 2];
        let odd = &text[..text.len() - 1];
        for other in
            ["", "sealed:", "sealed:zz", "https://north.example/thanks", cut, odd, &text.to_uppercase()]
        {
            assert_eq!(SealedText::read(other), None, "{other}");
        }
    }
}
