//! Reading and writing fixed places of a header, little-endian.

/// Returns the bytes at a place.
pub(crate) fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

/// Writes bytes at a place that the header has.
pub(crate) fn put<const N: usize>(header: &mut [u8], at: usize, value: [u8; N]) {
    if let Some(place) = header.get_mut(at..at.saturating_add(N)) {
        place.copy_from_slice(&value);
    }
}

/// Returns whether every byte is zero.
pub(crate) fn all_zero(bytes: &[u8]) -> bool {
    // Words at a time, without a branch for each: a tail of preallocated zeros is tens of MiB.
    let (words, rest) = bytes.as_chunks::<64>();
    words.iter().all(|word| word.iter().fold(0_u8, |all, byte| all | byte) == 0)
        && rest.iter().all(|byte| *byte == 0)
}

/// Returns a length as the 64 bits that files count in.
pub(crate) fn wide(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
