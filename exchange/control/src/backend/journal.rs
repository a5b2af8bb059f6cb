//! [`JournalState`]: how far the journal and its projector are.

/// How far the journal and its projector are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalState {
    /// Whether it takes records: `running`, `full`, `failed`.
    pub status: JournalStatus,
    /// What is durable when: `sync` or `os`.
    pub durability: &'static str,
    /// The number of the last record handed to the journal.
    pub sequence: u64,
    /// The number of the last durable record.
    pub durable: u64,
    /// The number of the last record in the store.
    pub projected: u64,
    /// How long the oldest durable record that is not in the store has waited, in milliseconds.
    pub projector_lag_ms: u64,
    /// Bytes that wait for the writer.
    pub backlog_bytes: u64,
    /// How many segments there are.
    pub segments: u64,
    /// Free bytes of the file system that holds them.
    pub free_bytes: u64,
}

/// Whether the journal takes records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JournalStatus {
    /// It does.
    Running,
    /// It takes what was begun, and admits nothing new: there is too little room.
    Full,
    /// It has failed; the process has to be started again.
    Failed,
}

impl JournalStatus {
    /// Returns the name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Full => "full",
            Self::Failed => "failed",
        }
    }
}
