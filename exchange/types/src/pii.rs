//! [`Pii`]: personal data in a type that cannot be printed.

/// Personal data of the person behind a lead.
///
/// It has no `Debug`, `Display` or `Serialize`, so it cannot reach a log, a metric or an error text by
/// accident. [`Pii::reveal`] is the one way out, and stands only where a post is rendered or a filter
/// is evaluated.
#[derive(Clone, Copy, PartialEq, Eq)]
#[expect(missing_debug_implementations, reason = "printing personal data is what this type prevents")]
pub struct Pii<T>(T);

impl<T> Pii<T> {
    /// Wraps personal data.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// Returns the data itself.
    pub fn reveal(self) -> T {
        self.0
    }
}
