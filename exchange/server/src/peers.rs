//! [`Peers`]: how the threads of the process wake each other.

use std::sync::Arc;

use exchange_types::ShardIndex;
use tokio::sync::Notify;

/// One bell for each place of the mesh. A bell that rings while nobody listens is heard at the next look.
#[derive(Debug)]
pub struct Peers {
    bells: Box<[Arc<Notify>]>,
}

impl Peers {
    /// Returns the bells of so many places.
    pub fn new(places: u16) -> Self {
        Self { bells: (0..places).map(|_| Arc::default()).collect() }
    }

    /// Rings the bell of a place.
    pub fn wake(&self, place: ShardIndex) {
        if let Some(bell) = self.bells.get(place.at()) {
            bell.notify_one();
        }
    }

    /// Returns the bell of a place.
    pub fn bell(&self, place: ShardIndex) -> Arc<Notify> {
        self.bells.get(place.at()).map(Arc::clone).unwrap_or_default()
    }
}
