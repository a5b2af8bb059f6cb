//! [`Address`]: where a Redis is.

use core::fmt;

use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _, RedisConnectionInfo};

/// What a URL of a Redis over TLS begins with, and over a clear connection.
const TLS: &str = "rediss://";
const CLEAR: &str = "redis://";

/// Where a Redis is: `redis://HOST:PORT/DB`, `rediss://` for TLS, `unix:///PATH`; a user may stand before the host.
///
/// Passwords come from elsewhere, since addresses are shown.
#[derive(Clone)]
pub struct Address {
    pub(crate) place: Place,
    pub(crate) settings: RedisConnectionInfo,
}

/// How a Redis is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Tcp { host: String, port: u16, tls: bool },
    Unix(std::path::PathBuf),
}

/// Why a text is no address. What it says is not repeated: it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It is no URL of a Redis.
    #[error("is no address of a Redis")]
    Unknown,
    /// A password stands in it.
    #[error("holds a password, which listings and logs would show")]
    Password,
}

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    ///
    /// Says that it is none, or holds a password.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let tls = text.starts_with(TLS);
        let clear = text.strip_prefix(TLS).map(|rest| format!("{CLEAR}{rest}"));
        let text = clear.as_deref().unwrap_or(text);
        let info: ConnectionInfo = text.into_connection_info().map_err(|_| AddressError::Unknown)?;
        let settings = info.redis_settings().clone();
        if settings.password().is_some() {
            return Err(AddressError::Password);
        }
        let place = match info.addr() {
            ConnectionAddr::Tcp(host, port) => Place::Tcp { host: host.clone(), port: *port, tls },
            ConnectionAddr::Unix(path) => Place::Unix(path.clone()),
            ConnectionAddr::TcpTls { .. } | _ => return Err(AddressError::Unknown),
        };
        Ok(Self { place, settings })
    }

    /// Returns whether it asks for TLS.
    pub fn is_tls(&self) -> bool {
        matches!(self.place, Place::Tcp { tls: true, .. })
    }
}

impl PartialEq for Address {
    fn eq(&self, other: &Self) -> bool {
        let named = |address: &Self| (address.settings.db(), address.settings.username().map(str::to_owned));
        self.place == other.place && named(self) == named(other)
    }
}

impl Eq for Address {}

/// Writes it as a URL without the user.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let database = self.settings.db();
        match &self.place {
            Place::Tcp { host, port, tls } => {
                let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
                write!(f, "{}{host}:{port}/{database}", if *tls { TLS } else { CLEAR })
            }
            Place::Unix(path) => write!(f, "unix://{}?db={database}", path.display()),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_written() {
        let written = |text| Address::parse(text).map(|address| address.to_string());
        let cases = [
            ("redis://127.0.0.1", "redis://127.0.0.1:6379/0"),
            ("redis://mirror@cache.example:7000/3", "redis://cache.example:7000/3"),
            ("rediss://cache.example", "rediss://cache.example:6379/0"),
            ("redis://[::1]:7000", "redis://[::1]:7000/0"),
            ("unix:///run/redis.sock?db=2", "unix:///run/redis.sock?db=2"),
        ];
        for (text, expected) in cases {
            assert_eq!(written(text).as_deref(), Ok(expected), "{text}");
        }
        for text in ["", "127.0.0.1:6379", "http://127.0.0.1", "redis://", "redis://host/x", "valkyrie://h"] {
            assert_eq!(written(text), Err(AddressError::Unknown), "{text}");
        }
        for text in ["redis://:hush@host", "rediss://mirror:hush@host/1", "unix:///s?pass=hush"] {
            assert_eq!(written(text), Err(AddressError::Password), "{text}");
        }
    }
}
