//! Postbacks: the URL of a seller's tracker with what became of a lead in its places.

use core::fmt::Write as _;

use exchange_catalog::snapshot::{PostbackPiece, PostbackPlace};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Bytes of a value that are filled in, before they are encoded: a tracker's id is far shorter, and a free text is
/// none.
const VALUE_BYTES_MAX: usize = 256;
/// What is encoded: all but the unreserved characters (RFC 3986, section 2.3).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Returns a template with its places filled. A value that is too long is cut; where there is none its place is empty.
pub fn fill(template: &[PostbackPiece], value: impl Fn(&PostbackPlace) -> Option<String>) -> String {
    let mut filled = String::new();
    for piece in template {
        match piece {
            PostbackPiece::Text(text) => filled.push_str(text),
            PostbackPiece::Place(place) => {
                let value = value(place).unwrap_or_default();
                let end = value.floor_char_boundary(VALUE_BYTES_MAX);
                let encoded = utf8_percent_encode(value.get(..end).unwrap_or(""), ENCODED);
                // Writing into memory cannot fail.
                let _ = write!(filled, "{encoded}");
            }
        }
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(value: &str) -> String {
        let template = [
            PostbackPiece::Text("/p?c=".into()),
            PostbackPiece::Place(PostbackPlace::SubId(0)),
            PostbackPiece::Text("&r=".into()),
            PostbackPiece::Place(PostbackPlace::Reason),
        ];
        fill(&template, |place| (*place == PostbackPlace::SubId(0)).then(|| value.to_owned()))
    }

    #[test]
    fn a_value_cannot_leave_its_place() {
        assert_eq!(filled("fb-17._~"), "/p?c=fb-17._~&r=");
        assert_eq!(filled("a&b=c/../?#%\r\n"), "/p?c=a%26b%3Dc%2F..%2F%3F%23%25%0D%0A&r=");
        assert_eq!(filled("München 1"), "/p?c=M%C3%BCnchen%201&r=");
    }

    #[test]
    fn a_long_value_is_cut_between_characters() {
        let long = "ü".repeat(VALUE_BYTES_MAX);
        assert_eq!(filled(&long), format!("/p?c={}&r=", "%C3%BC".repeat(VALUE_BYTES_MAX / 2)));
        let odd = format!("x{long}");
        assert_eq!(filled(&odd), format!("/p?c=x{}&r=", "%C3%BC".repeat(VALUE_BYTES_MAX / 2 - 1)));
    }
}
