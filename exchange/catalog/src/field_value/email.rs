//! E-mail addresses: the part of RFC 5321 that forms send, trimmed and in lower case.

use super::{NormalText, ValueError};

/// Bytes before the `@` (RFC 5321, section 4.5.3.1.1).
const LOCAL_BYTES_MAX: usize = 64;
/// Bytes of one label of the domain (RFC 1035, section 2.3.4).
const LABEL_BYTES_MAX: usize = 63;

/// Brings an address into lower case.
///
/// Taken are dot-separated words before the `@` and a domain name with at least two labels. Quoted words,
/// comments and literal addresses are refused: they are legal, and mistakes in every form.
pub(crate) fn normalize(text: &str) -> Result<NormalText, ValueError> {
    let mut address = NormalText::new();
    let fits = text.trim().bytes().all(|byte| address.push(byte.to_ascii_lowercase()));
    let valid = fits
        && address
            .as_str()
            .split_once('@')
            .is_some_and(|(local, domain)| is_local(local) && is_domain(domain));
    if valid { Ok(address) } else { Err(ValueError::NotEmail) }
}

fn is_local(local: &str) -> bool {
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(is_word_byte);
    local.len() <= LOCAL_BYTES_MAX && local.split('.').all(is_word)
}

/// The characters of `atext` (RFC 5322, section 3.2.3).
fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte)
}

fn is_domain(domain: &str) -> bool {
    let top = domain.rsplit('.').next().unwrap_or("");
    domain.contains('.')
        && domain.split('.').all(is_label)
        && top.bytes().any(|byte| byte.is_ascii_alphabetic())
}

fn is_label(label: &str) -> bool {
    (1..=LABEL_BYTES_MAX).contains(&label.len())
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}
