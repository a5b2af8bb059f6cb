//! [`Failure`]: why Redis does not take the mirror.

use redis::{ErrorKind, RedisError, ServerErrorKind};

/// Why Redis does not take the mirror: one closed list for metrics and log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Nobody answers at the address, or the connection broke.
    Away,
    /// It does not answer in time.
    Slow,
    /// It knows user or password not, or does not let the user write; or the password cannot be read.
    Denied,
    /// It is a replica, or otherwise takes no writes.
    ReadOnly,
    /// It answers something else: out of memory, loading, no Redis.
    Refused,
}

impl Failure {
    /// Every failure.
    pub const ALL: [Self; 5] = [Self::Away, Self::Slow, Self::Denied, Self::ReadOnly, Self::Refused];

    /// Returns its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Away => "away",
            Self::Slow => "slow",
            Self::Denied => "denied",
            Self::ReadOnly => "read_only",
            Self::Refused => "refused",
        }
    }
}

/// What went wrong, for the state and for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) failure: Failure,
    /// A word of the system's or of Redis; never a text that came with a key or a password.
    pub(crate) detail: String,
}

impl Trouble {
    pub(crate) fn new(failure: Failure, detail: &str) -> Self {
        Self { failure, detail: detail.to_owned() }
    }
}

impl From<std::io::Error> for Trouble {
    fn from(error: std::io::Error) -> Self {
        Self { failure: Failure::Away, detail: error.to_string() }
    }
}

impl From<RedisError> for Trouble {
    fn from(error: RedisError) -> Self {
        let code = code_of(&error);
        let failure = match (code.as_deref(), error.kind()) {
            (Some("WRONGPASS" | "NOAUTH" | "NOPERM"), _)
            | (_, ErrorKind::AuthenticationFailed | ErrorKind::Server(ServerErrorKind::NoPerm)) => {
                Failure::Denied
            }
            (Some("READONLY"), _) | (_, ErrorKind::Server(ServerErrorKind::ReadOnly)) => Failure::ReadOnly,
            _ if error.is_timeout() => Failure::Slow,
            _ if error.is_io_error() || error.is_connection_dropped() => Failure::Away,
            _ => Failure::Refused,
        };
        Self { failure, detail: code.unwrap_or_else(|| error.category().to_owned()) }
    }
}

/// Returns the code of an error of the server; of a transaction, that of the command for which it was given up.
fn code_of(error: &RedisError) -> Option<String> {
    if let Some(errors) = error.clone().into_server_errors()
        && let Some((_, first)) = errors.first()
    {
        // A transaction that is ended by a command which is refused says so in its text.
        let cause = first.details().and_then(|text| text.split_once("because of: ")?.1.split(' ').next());
        return Some(cause.unwrap_or(first.code()).to_owned());
    }
    error.code().map(str::to_owned)
}
