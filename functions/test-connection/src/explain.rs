//! Cause → failed check: the table's words, filled in for this application in this tenant.

use std::net::IpAddr;

use graph_auth::{AuthError, Cause, Cloud, Endpoints, Place};
use graph_security::GraphError;
use uuid::Uuid;

use crate::in_between::in_between;
use crate::report::{Check, CheckId, Status};
use crate::tenant::Home;

/// Which application in which tenant, for links and commands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) cloud: &'a Cloud,
    /// Who is asked: those of the cloud, or one's own.
    pub(crate) endpoints: &'a Endpoints,
    pub(crate) tenant_id: Uuid,
    pub(crate) client_id: Uuid,
    pub(crate) egress: &'a [IpAddr],
}

/// What Microsoft said, as far as it may be shown.
#[derive(Clone, Debug, Default)]
pub(crate) struct Said {
    /// Its code.
    pub(crate) code: Option<String>,
    /// Ids by which Microsoft finds the request.
    ids: Option<String>,
    /// What happened on the network, or what else is known.
    note: Option<String>,
    /// The cloud that the tenant is in, where it is not the chosen one.
    cloud: Option<&'static str>,
}

impl Subject<'_> {
    pub(crate) fn failed(&self, id: CheckId, cause: Cause, said: Said) -> Check {
        let explanation = cause.explain();
        let remedy = match cause {
            Cause::ConditionalAccess if !self.egress.is_empty() => {
                let addresses: Vec<_> = self.egress.iter().map(ToString::to_string).collect();
                format!(
                    "Allow this service's outgoing IP addresses ({}) in the policy, or exclude the application \
                     from it; Service principal sign-ins in the log name the policy.",
                    addresses.join(", ")
                )
            }
            Cause::NoServicePrincipal => format!(
                "If you made the application within the last minutes, try again in a minute. Otherwise open API \
                 permissions and grant admin consent, or run: az ad sp create --id {}",
                self.client_id
            ),
            _ => cause.remedy_at(self.endpoints).into_owned(),
        };
        let ids = said.ids.filter(|_| is_for_support(cause));
        let note = said.note.or(ids);
        let message = match note {
            Some(note) => format!("{} ({note}).", explanation.message.trim_end_matches('.')),
            None => explanation.message.to_owned(),
        };
        Check {
            cause: Some(cause),
            code: said.code,
            remedy: Some(remedy),
            link: Some(self.link(explanation.place)),
            cloud: said.cloud,
            ..Check::new(id, Status::Failed, message)
        }
    }

    pub(crate) fn link(&self, place: Place) -> String {
        place.url(self.cloud, self.tenant_id, self.client_id)
    }
}

/// Whether the remedy may be a search in a log, or a report to somebody who needs the ids.
fn is_for_support(cause: Cause) -> bool {
    matches!(
        cause,
        Cause::TenantBlocked
            | Cause::TenantRestricted
            | Cause::ConditionalAccess
            | Cause::SignInRefused
            | Cause::ResourceDisabled
            | Cause::DefenderUnavailable
            | Cause::TokenRefused
            | Cause::MicrosoftTrouble
            | Cause::UnexpectedAnswer
            | Cause::OurFault
            | Cause::Unknown { .. }
    )
}

impl Said {
    pub(crate) fn with_note(self, note: String) -> Self {
        Self { note: Some(note), ..self }
    }

    /// With the words about where the tenant is, such as "the tenant is in".
    pub(crate) fn of_home(self, home: &Home, words: &str) -> Self {
        let cloud = if let Home::Cloud(cloud) = home { Some(cloud.name()) } else { None };
        Self { note: Some(format!("{words} {}", home.name())), cloud, ..self }
    }

    pub(crate) fn by_entra(error: &AuthError) -> Self {
        match error {
            AuthError::Refused(refused) => {
                let in_words = || refused.error.map(str::to_owned);
                let by_status = || format!("HTTP {}", refused.status);
                let code = refused.code().map(|code| format!("AADSTS{code}")).or_else(in_words);
                let trace = refused.trace_id.as_ref().map(|id| format!("trace id {id}"));
                let correlation = refused.correlation_id.as_ref().map(|id| format!("correlation id {id}"));
                let ids: Vec<_> = trace.into_iter().chain(correlation).collect();
                let in_between = || in_between(refused.status, refused.leads_to.as_deref());
                Self {
                    code: Some(code.unwrap_or_else(by_status)),
                    ids: (!ids.is_empty()).then(|| ids.join(", ")),
                    note: (!refused.is_entra_s()).then(in_between),
                    ..Self::default()
                }
            }
            AuthError::Fault(fault) => Self { note: Some(fault.to_string()), ..Self::default() },
            AuthError::Unintelligible { status } => {
                Self { code: Some(format!("HTTP {status}")), ..Self::default() }
            }
        }
    }

    pub(crate) fn by_graph(error: &GraphError) -> Self {
        match error {
            GraphError::Auth(error) => return Self::by_entra(error),
            GraphError::OutOfTime => {
                return Self {
                    note: Some("no whole answer within the test's time".into()),
                    ..Self::default()
                };
            }
            _ => {}
        }
        let Some(detail) = error.detail() else {
            return Self { note: Some(error.to_string()), ..Self::default() };
        };
        let code =
            if detail.code.is_empty() { format!("HTTP {}", detail.status) } else { detail.code.clone() };
        let ours = format!("client-request-id {}", detail.client_request_id);
        let ids = match &detail.request_id {
            Some(theirs) => format!("request-id {theirs}, {ours}"),
            None => ours,
        };
        let note = (!detail.is_graph_s).then(|| in_between(detail.status, detail.leads_to.as_deref()));
        Self { code: Some(code), ids: Some(ids), note, ..Self::default() }
    }
}
