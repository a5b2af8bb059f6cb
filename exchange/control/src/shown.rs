//! [`Shown`], [`Hex`] and [`Money`]: values that stand in JSON as texts.

use core::fmt::{self, Display};

use exchange_types::{Amount, AmountText, Currency};
use serde::{Serialize, Serializer};

/// A value that stands in JSON as its text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shown<T>(pub(crate) T);

impl<T: Display> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// A decimal string.
pub(crate) type Money = Shown<AmountText>;

/// Returns an amount as it stands on the wire.
pub(crate) fn money(amount: Amount, currency: Currency) -> Money {
    Shown(amount.display(currency))
}

/// Bytes in lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hex<'a>(pub(crate) &'a [u8]);

impl Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A currency by its code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Code(pub(crate) Currency);

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.code())
    }
}
