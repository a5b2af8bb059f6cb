//! [`ReceiverView`]: how far somebody who is sent messages has been told.

use exchange_types::UtcMicros;

/// How far somebody who is sent messages has been told. What is sent to one receiver is sent in order, so a number
/// says it all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiverView {
    /// Names the receiver and what it is sent.
    pub name: Box<str>,
    /// Everything up to this record was taken, or was given up.
    pub sequence: u64,
    /// How often the next message was tried in vain.
    pub attempts: u32,
    /// When it is tried again, where it was tried in vain.
    pub next_at: Option<UtcMicros>,
}
