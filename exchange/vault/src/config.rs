//! [`VaultConfig`]: how many keys a file holds and how long it is drawn from.

/// How many keys a file holds and how long it is drawn from.
///
/// On disk a key takes 64 bytes. In memory the keys that are ready take at most 600 KiB for both classes, and
/// each drawer 5 KiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VaultConfig {
    /// Slots of the first file after a start, at least 1. More of them waste disk at every restart, because an
    /// old file is never drawn from again; fewer are used up before the next file is made. Default: 4,096.
    pub file_slots_first: u32,
    /// Slots of the largest file. A file that is used up soon is followed by one of twice its size, up to this
    /// one. More of them make one removal or restore coarser. Default: 262,144, which is 16 MiB.
    pub file_slots_max: u32,
    /// The longest time for which one file is drawn from, in microseconds. Retention removes whole files, so
    /// this is how much longer than asked for a lead may be kept. Default: a day.
    pub file_span_us: i64,
}

impl Default for VaultConfig {
    fn default() -> Self {
        Self { file_slots_first: 4_096, file_slots_max: 262_144, file_span_us: 86_400_000_000 }
    }
}
