//! [`AnsweredRecord`]: what a seller's post was told that changes nothing about its ping.

use exchange_types::UtcMicros;

use super::bytes::{DecodeError, Reader, Writer};
use super::{ClaimRecord, story_bytes};
use crate::Story;

/// A seller's post came under a key and was told something that changes nothing about its ping: that the person is
/// known, or that it is no good. The same post is told the same again, over restarts too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnsweredRecord {
    /// The key, with what came under it.
    pub claim: ClaimRecord,
    /// When.
    pub at: UtcMicros,
    /// The ping, with what the post was told as its status.
    pub told: Story,
}

impl AnsweredRecord {
    pub(super) fn write(&self, to: &mut Writer<'_>) {
        self.claim.write(to);
        to.time(self.at);
        story_bytes::write(&self.told, to);
    }

    /// Reads the record in the layout whose version is that of its story.
    pub(super) fn read(version: u8, from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            claim: ClaimRecord::read(from)?,
            at: from.time()?,
            told: story_bytes::read(version, from)?,
        })
    }
}
