//! [`Authority`]: signs certificates as the tests want them.

use rcgen::{CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// An authority.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// What a certificate says.
#[derive(Clone, Copy, Default)]
pub(crate) struct Leaf<'a> {
    /// The names of a server; a client needs none.
    pub(crate) names: &'a [&'a str],
    /// Whether it ended years ago.
    pub(crate) expired: bool,
}

/// A certificate with its key.
pub(crate) struct Signed {
    pub(crate) certificate: CertificateDer<'static>,
    pub(crate) key: PrivateKeyDer<'static>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self { issuer: CertifiedIssuer::self_signed(params, key).expect("a certificate") }
    }

    pub(crate) fn pem(&self) -> Box<str> {
        self.issuer.pem().into()
    }

    pub(crate) fn certificate(&self) -> CertificateDer<'static> {
        self.issuer.der().clone()
    }

    /// Signs a certificate.
    pub(crate) fn sign(&self, leaf: Leaf<'_>) -> Signed {
        let (certificate, key) = self.make(leaf);
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        Signed { certificate: certificate.der().clone(), key }
    }

    /// Signs a certificate, and returns it and its key in PEM.
    pub(crate) fn sign_pem(&self, leaf: Leaf<'_>) -> (String, String) {
        let (certificate, key) = self.make(leaf);
        (certificate.pem(), key.serialize_pem())
    }

    fn make(&self, leaf: Leaf<'_>) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().expect("a key");
        let names: Vec<String> = leaf.names.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(names).expect("names");
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        if leaf.expired {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2021, 1, 1);
        }
        (params.signed_by(&key, &self.issuer).expect("a certificate"), key)
    }
}
