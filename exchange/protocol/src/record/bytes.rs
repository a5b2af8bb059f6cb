//! Little-endian reading and writing, field by field.

use exchange_types::{Amount, Currency, SmallText, UtcMicros, Uuid7};

/// Why bytes are no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes end inside the record.
    #[error("record ends too early at byte {at}")]
    Truncated {
        /// Where they end.
        at: usize,
    },
    /// Bytes are left over.
    #[error("record has bytes left over from byte {at}")]
    Surplus {
        /// The first of them.
        at: usize,
    },
    /// The kind is unknown.
    #[error("unknown kind of record {kind}")]
    Kind {
        /// What stands there.
        kind: u8,
    },
    /// The version is unknown.
    #[error("unknown version of record {version}")]
    Version {
        /// What stands there.
        version: u8,
    },
    /// A value is none of its type.
    #[error("impossible value before byte {at}")]
    Value {
        /// Where it ends.
        at: usize,
    },
}

/// Appends fields.
pub(crate) struct Writer<'a>(&'a mut Vec<u8>);

impl<'a> Writer<'a> {
    pub(crate) fn new(out: &'a mut Vec<u8>) -> Self {
        Self(out)
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub(crate) fn u8(&mut self, number: u8) {
        self.0.push(number);
    }

    pub(crate) fn u16(&mut self, number: u16) {
        self.bytes(&number.to_le_bytes());
    }

    pub(crate) fn u32(&mut self, number: u32) {
        self.bytes(&number.to_le_bytes());
    }

    pub(crate) fn u64(&mut self, number: u64) {
        self.bytes(&number.to_le_bytes());
    }

    pub(crate) fn u128(&mut self, number: u128) {
        self.bytes(&number.to_le_bytes());
    }

    pub(crate) fn flag(&mut self, flag: bool) {
        self.u8(u8::from(flag));
    }

    pub(crate) fn amount(&mut self, amount: Amount) {
        self.bytes(&amount.micros().to_le_bytes());
    }

    pub(crate) fn time(&mut self, time: UtcMicros) {
        self.bytes(&time.0.to_le_bytes());
    }

    /// Writes a count that the model bounds far below 65,536.
    pub(crate) fn count(&mut self, count: usize) {
        self.u16(u16::try_from(count).unwrap_or(u16::MAX));
    }

    /// Writes a count of a catalog's entries, which the catalog's limits bound far below 2^32.
    pub(crate) fn long_count(&mut self, count: usize) {
        self.u32(u32::try_from(count).unwrap_or(u32::MAX));
    }

    /// Writes a text of at most 65,535 bytes; a longer one is cut at a character.
    pub(crate) fn text(&mut self, text: &str) {
        let text = text.get(..text.floor_char_boundary(usize::from(u16::MAX))).unwrap_or(text);
        self.count(text.len());
        self.bytes(text.as_bytes());
    }
}

/// Takes fields from the front.
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    pub(crate) fn position(&self) -> usize {
        self.position
    }

    pub(crate) fn end(&self) -> Result<(), DecodeError> {
        if self.position == self.bytes.len() {
            Ok(())
        } else {
            Err(DecodeError::Surplus { at: self.position })
        }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let end = self.position.saturating_add(count);
        let taken =
            self.bytes.get(self.position..end).ok_or(DecodeError::Truncated { at: self.bytes.len() })?;
        self.position = end;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let at = self.bytes.len();
        self.take(N)?.try_into().map_err(|_| DecodeError::Truncated { at })
    }

    pub(crate) fn u8(&mut self) -> Result<u8, DecodeError> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, DecodeError> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, DecodeError> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, DecodeError> {
        self.array().map(u64::from_le_bytes)
    }

    pub(crate) fn u128(&mut self) -> Result<u128, DecodeError> {
        self.array().map(u128::from_le_bytes)
    }

    pub(crate) fn optional_u128(&mut self) -> Result<Option<u128>, DecodeError> {
        if self.flag()? { self.u128().map(Some) } else { Ok(None) }
    }

    pub(crate) fn digest(&mut self) -> Result<[u8; 16], DecodeError> {
        self.array()
    }

    pub(crate) fn currency(&mut self) -> Result<Currency, DecodeError> {
        let code = self.text()?;
        Currency::parse(code).ok_or(DecodeError::Value { at: self.position })
    }

    pub(crate) fn flag(&mut self) -> Result<bool, DecodeError> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(DecodeError::Value { at: self.position }),
        }
    }

    pub(crate) fn amount(&mut self) -> Result<Amount, DecodeError> {
        self.array().map(|bytes| Amount::from_micros(i64::from_le_bytes(bytes)))
    }

    pub(crate) fn time(&mut self) -> Result<UtcMicros, DecodeError> {
        self.array().map(|bytes| UtcMicros(i64::from_le_bytes(bytes)))
    }

    pub(crate) fn uuid(&mut self) -> Result<Uuid7, DecodeError> {
        let number = self.u128()?;
        Uuid7::from_u128(number).ok_or(DecodeError::Value { at: self.position })
    }

    pub(crate) fn count(&mut self) -> Result<usize, DecodeError> {
        self.u16().map(usize::from)
    }

    pub(crate) fn small_text<const N: usize>(&mut self) -> Result<SmallText<N>, DecodeError> {
        let text = self.text()?;
        SmallText::try_new(text).map_err(|_| DecodeError::Value { at: self.position })
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, DecodeError> {
        let length = self.count()?;
        let bytes = self.take(length)?;
        core::str::from_utf8(bytes).map_err(|_| DecodeError::Value { at: self.position })
    }
}
