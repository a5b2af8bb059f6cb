//! [`Url`]: a strict reader of the URLs that buyers give.
//!
//! Taken is what an endpoint needs: `http` or `https`, a host name or literal address, a port, a path with
//! a query. Everything that two readers could take differently is refused: userinfo, fragments, spaces,
//! backslashes, and host names that are not plain ASCII.

use core::net::{Ipv4Addr, Ipv6Addr};

use crate::{limits, snapshot::Scheme};

/// A URL in its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Url {
    pub(crate) scheme: Scheme,
    /// Lower case, without brackets.
    pub(crate) host: Box<str>,
    pub(crate) port: u16,
    /// Begins with a slash.
    pub(crate) path: Box<str>,
}

/// Why a text is no URL for an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UrlError {
    #[error("is longer than {} bytes", limits::URL_BYTES_MAX)]
    TooLong,
    #[error("does not begin with https:// or http://")]
    Scheme,
    #[error("contains a space, a control character, a backslash, or a character that is not ASCII")]
    Character,
    #[error("has a fragment")]
    Fragment,
    #[error("has a user name or password before the host")]
    UserInfo,
    #[error("has no host name or address")]
    Host,
    #[error("has a port that is not from 1 to 65535")]
    Port,
}

impl UrlError {
    /// Returns what would be right.
    pub(crate) const fn remedy(self) -> &'static str {
        match self {
            Self::TooLong => "shorten it",
            Self::Scheme => "write it out, such as \"https://leads.example.org/ping\"",
            Self::Character => "percent-encode it in the path, and use the punycode form of the host",
            Self::Fragment => "leave out what follows the #",
            Self::UserInfo => "messages are signed; ask for an endpoint without a password in its URL",
            Self::Host => "a name such as leads.example.org, an IPv4 address, or an IPv6 address in brackets",
            Self::Port => "such as https://leads.example.org:8443/ping",
        }
    }
}

impl Url {
    pub(crate) fn parse(text: &str) -> Result<Self, UrlError> {
        if text.len() > limits::URL_BYTES_MAX {
            return Err(UrlError::TooLong);
        }
        let (scheme, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
            (Some(rest), _) => (Scheme::Https, rest),
            (None, Some(rest)) => (Scheme::Http, rest),
            (None, None) => return Err(UrlError::Scheme),
        };
        if !rest.bytes().all(|byte| byte.is_ascii_graphic() && !b"\\\"<>^`{|}".contains(&byte)) {
            return Err(UrlError::Character);
        }
        if rest.contains('#') {
            return Err(UrlError::Fragment);
        }
        let authority_length = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(authority_length);
        if authority.contains('@') {
            return Err(UrlError::UserInfo);
        }
        let (host, port) = host_and_port(authority)?;
        let default_port = if scheme == Scheme::Https { 443 } else { 80 };
        let path = if path.starts_with('/') { path.into() } else { format!("/{path}").into() };
        Ok(Self { scheme, host, port: port.unwrap_or(default_port), path })
    }
}

fn host_and_port(authority: &str) -> Result<(Box<str>, Option<u16>), UrlError> {
    if let Some(bracketed) = authority.strip_prefix('[') {
        let (address, rest) = bracketed.split_once(']').ok_or(UrlError::Host)?;
        let address: Ipv6Addr = address.parse().map_err(|_| UrlError::Host)?;
        let port = match rest.strip_prefix(':') {
            Some(port) => Some(parse_port(port)?),
            None if rest.is_empty() => None,
            None => return Err(UrlError::Host),
        };
        return Ok((address.to_string().into(), port));
    }
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(parse_port(port)?)),
        None => (authority, None),
    };
    let host = host.to_ascii_lowercase();
    if is_host_name(&host) { Ok((host.into(), port)) } else { Err(UrlError::Host) }
}

fn parse_port(text: &str) -> Result<u16, UrlError> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|port| digits && *port != 0).ok_or(UrlError::Port)
}

/// A host name by RFC 1123, section 2.1, or an IPv4 address in four parts. A name that ends in a number is
/// refused unless it is such an address: readers differ on what `127.1` or `0x7f.0.0.1` means.
fn is_host_name(host: &str) -> bool {
    const HOST_BYTES_MAX: usize = 253;
    const LABEL_BYTES_MAX: usize = 63;
    let is_label = |label: &str| {
        (1..=LABEL_BYTES_MAX).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = host.rsplit('.').next().unwrap_or("");
    let ends_in_number = last.bytes().next().is_some_and(|byte| byte.is_ascii_digit());
    let valid = host.len() <= HOST_BYTES_MAX && host.split('.').all(is_label);
    valid && (!ends_in_number || host.parse::<Ipv4Addr>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<(Scheme, &str, u16, &str), UrlError>) {
        let url = Url::parse(text);
        let parts =
            url.as_ref().map(|url| (url.scheme, &*url.host, url.port, &*url.path)).map_err(|error| *error);
        assert_eq!(parts, expected, "{text}");
    }

    #[test]
    fn urls_come_apart() {
        check("https://a.example/ping?k=1", Ok((Scheme::Https, "a.example", 443, "/ping?k=1")));
        check("http://127.0.0.1:8080", Ok((Scheme::Http, "127.0.0.1", 8080, "/")));
        check("https://Leads.Example.ORG?x", Ok((Scheme::Https, "leads.example.org", 443, "/?x")));
        check("https://[::1]:8443/p", Ok((Scheme::Https, "::1", 8443, "/p")));
        check("https://[2001:DB8::1]", Ok((Scheme::Https, "2001:db8::1", 443, "/")));
        check("http://localhost", Ok((Scheme::Http, "localhost", 80, "/")));
    }

    #[test]
    fn urls_that_readers_could_differ_on_are_refused() {
        check("ftp://a.example", Err(UrlError::Scheme));
        check("HTTPS://a.example", Err(UrlError::Scheme));
        check("https://user:pw@a.example/", Err(UrlError::UserInfo));
        check("https://a.example/#x", Err(UrlError::Fragment));
        check("https://a.example/a b", Err(UrlError::Character));
        check("https://a.example\\@b.example/", Err(UrlError::Character));
        check("https://bücher.example/", Err(UrlError::Character));
        for host in [
            "",
            "-a.example",
            "a..example",
            "127.1",
            "0x7f.0.0.1",
            "1.2.3.4.5",
            "[::1",
            "[::1]x",
            "[a]",
            "2130706433",
            "a_b.example",
        ] {
            check(&format!("https://{host}/"), Err(UrlError::Host));
        }
        for port in ["0", "65536", "+80", "", "8 0"] {
            let expected = if port.contains(' ') { UrlError::Character } else { UrlError::Port };
            check(&format!("https://a.example:{port}/"), Err(expected));
        }
        check(&format!("https://a.example/{}", "a".repeat(2_048)), Err(UrlError::TooLong));
    }
}
