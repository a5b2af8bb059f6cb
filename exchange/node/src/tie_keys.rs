//! [`TieKeys`]: the keys under which ties of an auction are broken, the same in every catalog and run.

use exchange_types::HashKey;

/// What breaks ties: a number for each campaign and a key for each vertical, both made of the name alone.
#[derive(Clone, Copy, Debug)]
pub struct TieKeys {
    names: HashKey,
    rotation: HashKey,
}

impl TieKeys {
    /// Returns the keys under the exchange's secret.
    pub fn new(secret: &HashKey) -> Self {
        Self { names: secret.derive("names"), rotation: secret.derive("rotation") }
    }

    /// Returns the number that stands for a campaign, or another partner, of this name in every catalog.
    pub fn number(&self, name: &str) -> u64 {
        let low = self.names.hasher().text(name).finish() & u128::from(u64::MAX);
        u64::try_from(low).unwrap_or(0)
    }

    /// Returns the key for breaking ties in the vertical of this name.
    pub fn rotation(&self, vertical: &str) -> HashKey {
        self.rotation.derive(vertical)
    }
}
