//! [`Entropy`]: bits that nobody can foresee, from the operating system.

/// Bytes drawn at once: one call serves 64 ids.
const DRAWN_BYTES: usize = 1_024;

/// Random bits, drawn ahead.
#[derive(Debug)]
pub struct Entropy {
    drawn: [u8; DRAWN_BYTES],
    used: usize,
}

impl Entropy {
    /// Returns a source that draws at its first use.
    pub fn new() -> Self {
        Self { drawn: [0; DRAWN_BYTES], used: DRAWN_BYTES }
    }

    /// Returns 128 bits.
    ///
    /// # Panics
    ///
    /// Stops the process where the operating system has no randomness: no id could be trusted.
    pub fn bits(&mut self) -> u128 {
        if self.used.saturating_add(16) > DRAWN_BYTES {
            getrandom::fill(&mut self.drawn).expect("the operating system has randomness");
            self.used = 0;
        }
        let (_, rest) = self.drawn.split_at(self.used);
        self.used = self.used.saturating_add(16);
        rest.first_chunk().map_or(0, |bytes| u128::from_le_bytes(*bytes))
    }
}

impl Default for Entropy {
    fn default() -> Self {
        Self::new()
    }
}
