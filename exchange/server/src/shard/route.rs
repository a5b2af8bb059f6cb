//! [`Route`]: the paths of the seller listener.

use exchange_types::{LeadId, PingId, Uuid7};

use super::intake::Method;

/// A path that is known, with what it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Leads,
    Lead(Option<Uuid7>),
    Pings,
    Ping(Option<Uuid7>),
    PingPost(Option<Uuid7>),
    Live,
    Ready,
}

impl Route {
    pub(crate) fn of(path: &str) -> Option<Self> {
        let ping = |id: &str| id.parse::<PingId>().ok().map(|id| id.0);
        match path.strip_prefix("/v1/") {
            Some("leads") => return Some(Self::Leads),
            Some("pings") => return Some(Self::Pings),
            Some(rest) => {
                if let Some(id) = rest.strip_prefix("leads/") {
                    return (!id.contains('/')).then(|| Self::Lead(id.parse::<LeadId>().ok().map(|id| id.0)));
                }
                let rest = rest.strip_prefix("pings/")?;
                return match rest.split_once('/') {
                    None => Some(Self::Ping(ping(rest))),
                    Some((id, "post")) => Some(Self::PingPost(ping(id))),
                    Some(_) => None,
                };
            }
            None => {}
        }
        match path {
            "/health/live" => Some(Self::Live),
            "/health/ready" => Some(Self::Ready),
            _ => None,
        }
    }

    pub(crate) const fn allowed(self) -> &'static str {
        match self {
            Self::Leads | Self::Pings | Self::PingPost(_) => "POST",
            Self::Lead(_) | Self::Live | Self::Ready => "GET",
            Self::Ping(_) => "GET, DELETE",
        }
    }

    pub(crate) const fn takes(self, method: Method) -> bool {
        match self {
            Self::Leads | Self::Pings | Self::PingPost(_) => matches!(method, Method::Post),
            Self::Lead(_) | Self::Live | Self::Ready => matches!(method, Method::Get),
            Self::Ping(_) => matches!(method, Method::Get | Method::Delete),
        }
    }
}
