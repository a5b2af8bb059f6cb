//! [`Authority`]: signs the certificates of listeners and of their clients, and says what clients trust.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{CertificateParams, CertifiedIssuer, KeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

/// An authority with a folder for what it signs.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    /// Its own certificate.
    pub(crate) ca: PathBuf,
    dir: PathBuf,
}

/// A certificate and its key in one file.
#[derive(Clone, Debug)]
pub(crate) struct Signed(pub(crate) PathBuf);

impl Authority {
    /// Returns a new authority, whose files go into a folder.
    pub(crate) fn new(dir: &Path, name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key"));
        let issuer = issuer.expect("a certificate");
        let dir = dir.join(name);
        fs::create_dir(&dir).expect("the test's folder can be written");
        let ca = dir.join("ca.pem");
        fs::write(&ca, issuer.pem()).expect("the test's folder can be written");
        Self { issuer, ca, dir }
    }

    /// Signs a certificate for a server at the loopback address, or for a client.
    pub(crate) fn sign(&self, name: &str) -> Signed {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(["127.0.0.1".to_owned()]).expect("a name");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        let file = self.dir.join(name);
        fs::write(&file, certificate.pem() + &key.serialize_pem()).expect("the test's folder can be written");
        Signed(file)
    }

    /// Returns the settings of a client that trusts this authority alone.
    pub(crate) fn client(&self, shows: Option<&Signed>, protocol: &str) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone()).expect("an authority");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots);
        let mut settings = match shows {
            None => builder.with_no_client_auth(),
            Some(Signed(file)) => {
                let certificate = CertificateDer::from_pem_file(file).expect("a certificate");
                let key = PrivateKeyDer::from_pem_file(file).expect("a key");
                builder.with_client_auth_cert(vec![certificate], key).expect("a certificate with its key")
            }
        };
        settings.alpn_protocols = vec![protocol.as_bytes().to_vec()];
        Arc::new(settings)
    }
}

impl Signed {
    /// Returns the table of a listener that shows this certificate; `more` is added to it.
    pub(crate) fn table(&self, listener: &str, more: &str) -> String {
        let file = self.0.display();
        format!("[{listener}.tls]\ncertificate = \"{file}\"\nkey = \"{file}\"\n{more}\n")
    }
}
