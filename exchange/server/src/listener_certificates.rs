//! [`ListenerCertificates`]: the certificates of both listeners, as their files hold them.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use exchange_transport::{Certificates, ListenerTls, ListenerTlsError, PreparedCertificates};

use crate::config::{Config, Tls};

/// Bytes of a file of certificates: a bundle of every public authority takes a quarter of it.
const FILE_BYTES_MAX: u64 = 1024 * 1_024;

/// The certificates of both listeners; none for one that speaks clear text.
#[derive(Clone, Debug)]
pub struct ListenerCertificates {
    /// For sellers, over HTTP/2 or HTTP/1.1.
    pub seller: Option<Arc<ListenerTls>>,
    /// For operators and partners, over HTTP/1.1.
    pub control: Option<Arc<ListenerTls>>,
}

/// Why the certificates of a listener cannot be used: `seller.tls.key: /etc/exchange/key.pem: holds no ...`.
#[derive(Debug, thiserror::Error)]
#[error("{listener}.tls.{key}: {}: {why}", path.display())]
pub struct CertificatesError {
    listener: &'static str,
    key: &'static str,
    path: PathBuf,
    why: Box<Why>,
}

#[derive(Debug, thiserror::Error)]
enum Why {
    #[error("cannot be read: {0}")]
    Unreadable(#[source] io::Error),
    #[error("is larger than {FILE_BYTES_MAX} bytes")]
    TooLarge,
    #[error("{0}")]
    Unusable(#[source] ListenerTlsError),
}

impl ListenerCertificates {
    /// Reads the certificates of a configuration.
    ///
    /// # Errors
    ///
    /// Says which file of which listener cannot be used, and why.
    pub fn open(config: &Config) -> Result<Self, CertificatesError> {
        let seller = config.seller.tls.as_ref().map(|tls| open("seller", tls, ListenerTls::HTTP2_AND_HTTP1));
        let control = config.control.tls.as_ref().map(|tls| open("control", tls, ListenerTls::HTTP1));
        Ok(Self { seller: seller.transpose()?, control: control.transpose()? })
    }

    /// Reads the certificates of a configuration for the listeners that hold some.
    ///
    /// # Errors
    ///
    /// Says which file of which listener cannot be used, and why.
    pub(crate) fn prepare(&self, config: &Config) -> Result<NextCertificates, CertificatesError> {
        let seller = prepare("seller", self.seller.as_deref(), config.seller.tls.as_ref())?;
        let control = prepare("control", self.control.as_deref(), config.control.tls.as_ref())?;
        Ok(NextCertificates { seller, control })
    }

    /// Shows other certificates from the next handshake on; open connections stay.
    pub(crate) fn replace(&self, next: NextCertificates) {
        for (tls, prepared) in [(&self.seller, next.seller), (&self.control, next.control)] {
            if let (Some(tls), Some(prepared)) = (tls, prepared) {
                tls.replace(prepared);
            }
        }
    }
}

/// Certificates that were read and are not shown yet.
#[derive(Debug)]
pub(crate) struct NextCertificates {
    seller: Option<PreparedCertificates>,
    control: Option<PreparedCertificates>,
}

fn prepare(
    listener: &'static str,
    holder: Option<&ListenerTls>,
    tls: Option<&Tls>,
) -> Result<Option<PreparedCertificates>, CertificatesError> {
    let (Some(holder), Some(tls)) = (holder, tls) else { return Ok(None) };
    with_files(listener, tls, |certificates| holder.prepare(certificates)).map(Some)
}

fn open(
    listener: &'static str,
    tls: &Tls,
    protocols: &'static [&'static [u8]],
) -> Result<Arc<ListenerTls>, CertificatesError> {
    with_files(listener, tls, |certificates| ListenerTls::try_new(certificates, protocols)).map(Arc::new)
}

/// Reads the files of a listener and makes something of them.
fn with_files<T>(
    listener: &'static str,
    tls: &Tls,
    make: impl FnOnce(Certificates<'_>) -> Result<T, ListenerTlsError>,
) -> Result<T, CertificatesError> {
    let failed = |key, path: &Path, why| CertificatesError {
        listener,
        key,
        path: path.to_owned(),
        why: Box::new(why),
    };
    let read = |key, path: &Path| read(path).map_err(|why| failed(key, path, why));
    let certificate = read("certificate", &tls.certificate)?;
    let key = read("key", &tls.key)?;
    let client_ca = tls.client_ca.as_deref().map(|path| read("client_ca", path)).transpose()?;
    let certificates = Certificates {
        certificate: &certificate,
        key: &key,
        client_ca: client_ca.as_deref().unwrap_or_default(),
        client_certificates: tls.client_certificates,
    };
    make(certificates).map_err(|error| {
        let key = error.file();
        let path = match key {
            "key" => &tls.key,
            "client_ca" => tls.client_ca.as_ref().unwrap_or(&tls.certificate),
            _ => &tls.certificate,
        };
        failed(key, path, Why::Unusable(error))
    })
}

fn read(path: &Path) -> Result<Vec<u8>, Why> {
    let file = File::open(path).map_err(Why::Unreadable)?;
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX.saturating_add(1)).read_to_end(&mut bytes).map_err(Why::Unreadable)?;
    let too_large = u64::try_from(bytes.len()).is_ok_and(|length| length > FILE_BYTES_MAX);
    if too_large { Err(Why::TooLarge) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use exchange_transport::ClientCertificates;

    use super::*;

    #[test]
    fn what_cannot_be_used_is_named_with_its_key_and_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).expect("the test's folder can be written");
            path
        };
        let good = Tls {
            certificate: file("certificate.pem", &made.cert.pem()),
            key: file("key.pem", &made.signing_key.serialize_pem()),
            client_ca: None,
            client_certificates: ClientCertificates::No,
        };
        open("seller", &good, ListenerTls::HTTP1).expect("good files");
        let (empty, gone) = (file("empty.pem", ""), folder.path().join("gone.pem"));
        let large = file("large.pem", &"x".repeat(1 + (1 << 20)));
        let asked = Tls { client_certificates: ClientCertificates::Asked, ..good.clone() };
        let cases = [
            (
                Tls { certificate: gone.clone(), ..good.clone() },
                "certificate: gone.pem: cannot be read: No such file or directory (os error 2)",
            ),
            (
                Tls { certificate: large, ..good.clone() },
                "certificate: large.pem: is larger than 1048576 bytes",
            ),
            (
                Tls { key: empty.clone(), ..good.clone() },
                "key: empty.pem: holds no private key in PEM (PKCS#8, PKCS#1 or SEC1), or an encrypted one",
            ),
            (
                Tls { client_ca: Some(empty), ..asked },
                "client_ca: empty.pem: holds no certificate of an authority in PEM",
            ),
        ];
        for (tls, expected) in cases {
            let error = open("seller", &tls, ListenerTls::HTTP1).expect_err(expected);
            let folder = format!("{}/", folder.path().display());
            assert_eq!(error.to_string().replace(&folder, ""), format!("seller.tls.{expected}"));
        }
    }
}
