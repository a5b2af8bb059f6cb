//! Where the exchange listens, and with which certificates.

use core::net::SocketAddr;
use std::path::PathBuf;

use exchange_transport::ClientCertificates;

use super::value::one_of;
use crate::config::findings::Findings;
use crate::config::given::{Given, Place};
use crate::config::raw::{ListenerToml, TlsToml};
use crate::config::{Listener, Tls};

/// Whether clients show a certificate, as it is written.
const CLIENT_CERTIFICATES: &[(&str, ClientCertificates)] = &[
    ("no", ClientCertificates::No),
    ("asked", ClientCertificates::Asked),
    ("required", ClientCertificates::Required),
];

pub(super) fn check_listener(
    name: &str,
    raw: ListenerToml,
    default: &Listener,
    findings: &mut Findings,
) -> Listener {
    let ListenerToml { listen, allow_clear_text, tls } = raw;
    let clear = allow_clear_text.filter(|given| given.value).map(|given| given.place);
    let secured = tls.is_some();
    let tls = tls.and_then(|Given { value, place }| check_tls(name, value, &place, findings));
    if let Some(place) = clear.as_ref().filter(|_| secured) {
        findings.error(place, "the listener speaks TLS", format!("without it, or without [{name}.tls]"));
    }
    let Some(Given { value, place }) = listen else { return Listener { listen: default.listen, tls } };
    let Ok(listen) = value.parse::<SocketAddr>() else {
        let remedy = format!("an address with its port, such as \"{}\"", default.listen);
        findings.error(&place, format!("\"{}\" is no address", value.escape_debug()), remedy);
        return Listener { listen: default.listen, tls };
    };
    if !listen.ip().is_loopback() && !secured && clear.is_none() {
        findings.error(
            &place,
            format!("{listen} is open to the network, and the listener speaks clear text"),
            format!(
                "certificates in [{name}.tls], a loopback address behind a proxy that speaks TLS, or \
                 {name}.allow_clear_text = true on a trusted network"
            ),
        );
    }
    Listener { listen, tls }
}

fn check_tls(name: &str, raw: TlsToml, place: &Place, findings: &mut Findings) -> Option<Tls> {
    let TlsToml { certificate, key, client_ca, client_certificates } = raw;
    let asked_at = client_certificates.as_ref().map_or(place, |given| &given.place).clone();
    let client_certificates =
        one_of(client_certificates, CLIENT_CERTIFICATES, ClientCertificates::No, findings);
    let mut file = |given: Option<Given<String>>| {
        let Given { value, place } = given?;
        if value.is_empty() || value.contains('\0') {
            findings.error(&place, "is no path", "a file in PEM, such as \"/etc/exchange/tls.pem\"");
            return None;
        }
        Some((PathBuf::from(value), place))
    };
    let named = (certificate.is_some(), key.is_some());
    let (certificate, key, client_ca) = (file(certificate), file(key), file(client_ca));
    if named != (true, true) {
        let missing = if named.0 { "key" } else { "certificate" };
        findings.error(place, format!("has no {missing}"), format!("{name}.tls.{missing} = \"FILE\""));
    }
    match (client_certificates, &client_ca) {
        (ClientCertificates::No, Some((_, place))) => findings.error(
            place,
            "clients are not asked for a certificate",
            format!("{name}.tls.client_certificates = \"asked\" or \"required\" beside it"),
        ),
        (ClientCertificates::Asked | ClientCertificates::Required, None) => findings.error(
            &asked_at,
            "nobody says whose certificates are good",
            format!("{name}.tls.client_ca = \"FILE\" beside it"),
        ),
        (ClientCertificates::No, None)
        | (ClientCertificates::Asked | ClientCertificates::Required, Some(_)) => {}
    }
    Some(Tls {
        certificate: certificate?.0,
        key: key?.0,
        client_ca: client_ca.map(|(path, _)| path),
        client_certificates,
    })
}
