//! A CA that no built-in root knows, and what it issues for `localhost`.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// What a server shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// A certificate for `localhost` and `127.0.0.1`.
    Good,
    /// The same, until 2020.
    Expired,
    /// The same, from 2090 on.
    NotYetValid,
    /// One for `elsewhere.example`.
    OtherHost,
    /// One for `localhost` that nobody else issued.
    SelfSigned,
    /// One for `localhost` that nobody else issued and that says of itself that it is a CA's, as OpenSSL makes it.
    AuthoritysOwn,
}

/// A CA of one's own, such as that of a middle box that opens TLS.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    /// A new one with this name, and a key of its own.
    ///
    /// # Panics
    /// Where no key can be made.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().expect("a key can be made");
        Self(CertifiedIssuer::self_signed(params, key).expect("a CA can sign itself"))
    }

    /// Its certificate, as a PEM file has it.
    #[must_use]
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// TLS for a server that shows `shown` and speaks `protocol` (ALPN), such as `h2`.
    ///
    /// # Panics
    /// Where no key can be made.
    #[must_use]
    pub fn server(&self, shown: Shown, protocol: &str) -> Arc<ServerConfig> {
        let names = match shown {
            Shown::OtherHost => vec!["elsewhere.example".to_owned()],
            _ => vec!["localhost".to_owned(), "127.0.0.1".to_owned()],
        };
        let mut params = CertificateParams::new(names).expect("names of hosts");
        match shown {
            Shown::Expired => params.not_after = date_time_ymd(2020, 1, 1),
            Shown::NotYetValid => params.not_before = date_time_ymd(2090, 1, 1),
            Shown::AuthoritysOwn => params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained),
            Shown::Good | Shown::OtherHost | Shown::SelfSigned => {}
        }
        let key = KeyPair::generate().expect("a key can be made");
        let certificate = match shown {
            Shown::SelfSigned | Shown::AuthoritysOwn => params.self_signed(&key),
            _ => params.signed_by(&key, &self.0),
        };
        let chain = vec![CertificateDer::from(certificate.expect("it can be signed"))];
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key of PKCS #8");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring supports the default protocol versions")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("the key is the certificate's");
        config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
        Arc::new(config)
    }
}
