//! Whom a TLS connection may trust: the roots that are compiled in, and what a network adds.

use std::fmt;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::TrustAnchor;
use rustls::pki_types::pem::PemObject as _;

/// CAs that are trusted besides the built-in ones, such as a company's own whose middle box opens TLS.
#[derive(Clone, Default)]
pub struct MoreRoots(Vec<TrustAnchor<'static>>);

/// Why no CA can be read from a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRoots {
    /// A section of it is cut off or has characters that do not belong there.
    #[error("it is broken: it is not PEM from its beginning to its end")]
    NotPem,
    /// It has no `-----BEGIN CERTIFICATE-----`.
    #[error("it has no certificate in PEM form (-----BEGIN CERTIFICATE-----)")]
    NoCertificate,
    /// Its certificates are none.
    #[error("what it calls a certificate cannot be read as one")]
    NotACertificate,
}

impl MoreRoots {
    /// Reads all certificates of a PEM file; what else is in it, such as a key, is left alone. A bundle of many may
    /// hold some that cannot be read, as every system's does.
    ///
    /// # Errors
    /// [`BadRoots`], when there is none that can be trusted.
    pub fn from_pem(pem: &[u8]) -> Result<Self, BadRoots> {
        // Editors of Windows put a byte order mark before it.
        let pem = pem.strip_prefix(b"\xef\xbb\xbf").unwrap_or(pem);
        let certificates = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
        let certificates = certificates.map_err(|_| BadRoots::NotPem)?;
        if certificates.is_empty() {
            return Err(BadRoots::NoCertificate);
        }
        let mut store = RootCertStore::empty();
        let (read, _) = store.add_parsable_certificates(certificates);
        if read == 0 { Err(BadRoots::NotACertificate) } else { Ok(Self(store.roots)) }
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// These, and the built-in ones: constants that are never parsed.
    pub(crate) fn store(self) -> RootCertStore {
        let mut roots = webpki_roots::TLS_SERVER_ROOTS.to_vec();
        roots.extend(self.0);
        RootCertStore { roots }
    }
}

impl fmt::Debug for MoreRoots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MoreRoots({})", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_certificate_says_what_it_lacks() {
        for (text, bad) in [
            ("", BadRoots::NoCertificate),
            ("no PEM at all", BadRoots::NoCertificate),
            ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", BadRoots::NoCertificate),
            ("-----BEGIN CERTIFICATE-----\nAAAA\n", BadRoots::NotPem),
            ("-----BEGIN CERTIFICATE-----\n****\n-----END CERTIFICATE-----\n", BadRoots::NotPem),
            ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", BadRoots::NotACertificate),
        ] {
            assert_eq!(MoreRoots::from_pem(text.as_bytes()).unwrap_err(), bad, "{text}");
        }
    }
}
