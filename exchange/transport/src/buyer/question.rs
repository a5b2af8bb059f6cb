//! [`Question`]: asks a status URL about a post.

use tokio::time::Instant;

use super::RequestHeaders;

/// A question about a post. It goes out as `GET` of the endpoint's path with the post's id in its place.
#[derive(Clone, Debug)]
pub struct Question {
    /// The headers that differ from question to question.
    pub headers: RequestHeaders,
    /// What stands for the post in the path: letters, digits, `_` and `-`.
    pub post_id: Box<str>,
    /// When to give up.
    pub deadline: Instant,
    /// The most bytes of a reply's body that are read.
    pub reply_bytes_max: usize,
}

impl Question {
    /// Returns whether the id can stand in a path as it is.
    pub(crate) fn is_plain(&self) -> bool {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        !self.post_id.is_empty() && self.post_id.bytes().all(plain)
    }
}
