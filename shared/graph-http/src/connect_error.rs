//! Why no connection was made: a certificate, or the way itself.

use std::error::Error;
use std::io;

use rustls::{AlertDescription, CertificateError};

use crate::transport::TransportError;

/// The error of a connection that goes straight to its host.
pub(crate) fn straight(error: &reqwest::Error) -> TransportError {
    match tls_error(error) {
        Some(rustls::Error::InvalidCertificate(why)) => TransportError::Untrusted(words(why)),
        Some(error) if is_no_tls(error) => TransportError::NotTls,
        _ => TransportError::Connect(root_cause(error)),
    }
}

/// The innermost error's text: "connection refused" rather than "error sending request".
pub(crate) fn root_cause(error: &reqwest::Error) -> String {
    chain(error).last().map(ToString::to_string).unwrap_or_default()
}

/// The error and what is behind it.
pub(crate) fn chain<'a>(error: &'a reqwest::Error) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let error: &'a (dyn Error + 'static) = error;
    std::iter::successors(Some(error), |error| Error::source(*error))
}

/// Whether no TLS is spoken, or none that is spoken here: the port is open then, and no repetition changes it.
pub(crate) fn is_no_tls(error: &rustls::Error) -> bool {
    use AlertDescription::{HandshakeFailure, InsufficientSecurity, ProtocolVersion, UnrecognisedName};
    match error {
        rustls::Error::InvalidMessage(_) | rustls::Error::PeerIncompatible(_) => true,
        rustls::Error::AlertReceived(alert) => {
            matches!(alert, HandshakeFailure | InsufficientSecurity | ProtocolVersion | UnrecognisedName)
        }
        _ => false,
    }
}

/// What TLS says, where the error is about TLS.
pub(crate) fn tls_error(error: &reqwest::Error) -> Option<&rustls::Error> {
    chain(error).find_map(of_tls)
}

/// What an `io::Error` wraps is not in its chain of sources.
fn of_tls<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let wrapped = |error: &'a io::Error| of_tls(error.get_ref()?);
    error.downcast_ref().or_else(|| error.downcast_ref().and_then(wrapped))
}

/// In our words: rustls' repeat what the certificate says of itself.
pub(crate) fn words(why: &CertificateError) -> String {
    match why {
        CertificateError::UnknownIssuer => "its issuer is not known".into(),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "it is for another host".into()
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "it has expired, or this machine's clock is wrong".into()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet, or this machine's clock is wrong".into()
        }
        CertificateError::BadSignature => "the issuer that it names did not sign it".into(),
        CertificateError::Revoked => "it is revoked".into(),
        CertificateError::Other(other) => match other.to_string().as_str() {
            "CaUsedAsEndEntity" => "it is a CA's own, which no server may show".into(),
            other => other.into(),
        },
        other => format!("{other:?}").chars().take_while(char::is_ascii_alphanumeric).collect(),
    }
}
