//! What was made a moment ago is not known to all of Entra's machines yet, and is refused like a mistake. Where a
//! person enters it, the test gives its verdict at once and then tries again for a while.
//!
//! A new secret or application takes seconds to a minute, a consent up to two minutes, a federated credential some
//! minutes: <https://github.com/microsoftgraph/microsoft-graph-docs/issues/17966>,
//! <https://github.com/hashicorp/vault-plugin-secrets-azure/issues/26>,
//! <https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations>

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use graph_auth::Cause;
use serde::{Serialize, Serializer};
use tokio::sync::watch;

use crate::TestReport;

/// Between a verdict and the next try.
pub const PAUSE: Duration = Duration::from_secs(10);

/// For so long a secret, an application or a federated credential is tried again.
pub const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// For so long a consent is.
pub const LONGEST_CONSENT_WAIT: Duration = Duration::from_secs(120);

/// What may have been made a moment ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Awaited {
    /// A client secret or a certificate.
    Secret,
    /// The application, or its service principal.
    Application,
    /// The admin's consent.
    Consent,
    /// A federated credential.
    FederatedCredential,
}

impl Awaited {
    /// What the report's failure may be waiting for; `None` where waiting changes nothing.
    #[must_use]
    pub fn of(report: &TestReport) -> Option<Self> {
        match report.failure()?.cause? {
            Cause::WrongSecret | Cause::CertificateRefused => Some(Self::Secret),
            Cause::AppNotFound | Cause::NoServicePrincipal => Some(Self::Application),
            Cause::NoPermissions | Cause::PermissionMissing => Some(Self::Consent),
            Cause::FederationMismatch => Some(Self::FederatedCredential),
            _ => None,
        }
    }

    /// How long it is waited for.
    #[must_use]
    pub fn longest(self) -> Duration {
        match self {
            Self::Consent => LONGEST_CONSENT_WAIT,
            Self::Secret | Self::Application | Self::FederatedCredential => LONGEST_WAIT,
        }
    }

    /// Its name in a sentence.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Secret => "the new secret",
            Self::Application => "the new application",
            Self::Consent => "the consent",
            Self::FederatedCredential => "the federated credential",
        }
    }
}

/// A pause between a verdict and the next try.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pause {
    /// The verdict so far.
    pub report: TestReport,
    /// What is waited for.
    pub awaited: Awaited,
    /// Its name in a sentence.
    pub name: &'static str,
    /// Until the next try, in seconds.
    #[serde(rename = "nextSeconds", serialize_with = "seconds")]
    pub next: Duration,
    /// Until the last try, in seconds.
    #[serde(rename = "leftSeconds", serialize_with = "seconds")]
    pub left: Duration,
}

impl Pause {
    /// The pause after a verdict that came `elapsed` after the first one; `None` after the last verdict.
    pub(crate) fn after(report: &TestReport, elapsed: Duration) -> Option<Self> {
        let awaited = Awaited::of(report)?;
        let left = awaited.longest().checked_sub(elapsed).filter(|left| *left >= PAUSE)?;
        Some(Self { report: report.clone(), awaited, name: awaited.name(), next: PAUSE, left })
    }
}

fn seconds<S: Serializer>(span: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(span.as_secs())
}

/// A person who waits: is told of each pause, and may end the wait.
#[derive(Clone)]
pub struct Waiting {
    /// Takes each pause as it begins.
    pub tell: Arc<dyn Fn(Pause) + Send + Sync>,
    /// Once it is true the last verdict counts. `None` where nobody ends the wait but by dropping the test.
    pub stop: Option<watch::Receiver<bool>>,
}

impl Waiting {
    /// Returns when the person has ended the wait.
    pub(crate) async fn stopped(&self) {
        if let Some(mut stop) = self.stop.clone()
            && stop.wait_for(|stop| *stop).await.is_ok()
        {
            return;
        }
        // Nobody can end it any more.
        std::future::pending::<()>().await;
    }
}

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiting").field("stop", &self.stop).finish_non_exhaustive()
    }
}
