//! Tenant, application and credential: what Entra says.

use graph_auth::{AuthError, Cause, TokenRequest};
use graph_http::Transport;
use graph_security::Graph;

use crate::explain::{Said, Subject};
use crate::report::{Check, CheckId, Progress};
use crate::tenant::{self, Discovery, Home};
use crate::tester::{TIME_LIMIT, Trial};

/// What Entra gave: a token, in the cache of this Graph.
pub(crate) struct SignedIn<'a, T> {
    pub(crate) graph: Graph<&'a T>,
    /// The token's own account of its permissions; `None` where it cannot be read.
    pub(crate) roles: Option<Vec<String>>,
    /// The cloud that the tenant names, where it is not the chosen one.
    pub(crate) home: Option<Home>,
}

impl<'a, T: Transport> Trial<'a, T> {
    /// `None` when a check failed.
    pub(crate) async fn sign_in(
        &mut self,
        progress: &mut Progress<impl FnMut(&Check)>,
    ) -> Option<SignedIn<'a, T>> {
        let subject = self.subject;
        let tester = self.tester;
        let deadline = self.began + TIME_LIMIT;
        let uri = self.endpoints.login_uri(&tenant::path(subject.tenant_id));
        let discovery =
            tenant::discover(&tester.transport, &tester.clock, uri, subject.tenant_id, deadline).await;
        let (home, unclear) = match discovery {
            Discovery::Found { home, region } => {
                let home = home.and_then(|home| home.other_than(subject.cloud));
                let check = found(&subject, home.as_ref(), region.as_deref());
                let misplaced = check.cause.is_some();
                progress.add(check);
                if misplaced {
                    return None;
                }
                (home, None)
            }
            Discovery::Refused(error) => {
                let home = self.elsewhere().await;
                let error = AuthError::Refused(error);
                progress.add(misplaced(&subject, CheckId::Tenant, &error, home.as_ref()));
                return None;
            }
            Discovery::Unclear(reason) => (None, Some(reason)),
        };

        let graph = tester.graph();
        let request = TokenRequest {
            transport: &graph.transport,
            clock: &graph.clock,
            endpoints: &self.endpoints,
            deadline,
        };
        // Through the new cache, so that the lists are asked with this very token.
        let token = match graph.tokens.token(&request, &self.candidate.identity, &mut self.rng).await {
            Ok(token) => token,
            Err(error) => {
                let home = match error.cause() {
                    Cause::TenantNotFound | Cause::WrongCloud => self.elsewhere().await,
                    _ => None,
                };
                for check in refused(&subject, &error, unclear.as_deref(), home.as_ref()) {
                    progress.add(check);
                }
                return None;
            }
        };
        if unclear.is_some() {
            progress.add(Check::passed(CheckId::Tenant, "Entra issues tokens for this tenant."));
        }
        progress.add(Check::passed(CheckId::Application, "Entra knows the application and lets it sign in."));
        progress.add(Check::passed(CheckId::Credential, "Entra accepts the client secret."));
        Some(SignedIn { roles: token.claims().map(|claims| claims.roles), graph, home })
    }

    /// Where else the tenant is. Nobody else is asked where Entra is one's own.
    async fn elsewhere(&self) -> Option<Home> {
        let Trial { tester, subject, .. } = self;
        if tester.endpoints.login.is_some() {
            return None;
        }
        let deadline = self.began + TIME_LIMIT;
        tenant::elsewhere(&tester.transport, &tester.clock, subject.cloud, subject.tenant_id, deadline).await
    }
}

fn found(subject: &Subject<'_>, home: Option<&Home>, region: Option<&str>) -> Check {
    let id = CheckId::Tenant;
    let Some(home) = home else {
        let region = region.map(|region| format!(" (region {region})")).unwrap_or_default();
        return Check::passed(id, format!("The tenant exists in this cloud{region}."));
    };
    if home.shares_login_with(subject.cloud) {
        // Undocumented words; a token for the wrong Graph will be refused there.
        let message = format!("The tenant exists, and seems to be in the cloud {}.", home.name());
        let remedy = format!("If Graph refuses, choose {} as the cloud.", home.name());
        return Check { remedy: Some(remedy), ..Check::warning(id, message) };
    }
    moved(subject, id, home, Said::default())
}

/// A tenant that is in another cloud, named.
fn moved(subject: &Subject<'_>, id: CheckId, home: &Home, said: Said) -> Check {
    let remedy = match home {
        Home::Cloud(cloud) => format!("Choose {cloud} as the cloud."),
        Home::China => "Connect another tenant: one of 21Vianet's cloud cannot be connected.".to_owned(),
    };
    let said = said.with_note(format!("the tenant is in {}", home.name()));
    Check { remedy: Some(remedy), ..subject.failed(id, home.cause(), said) }
}

fn misplaced(subject: &Subject<'_>, id: CheckId, error: &AuthError, home: Option<&Home>) -> Check {
    let said = Said::by_entra(error);
    match home {
        Some(home) => moved(subject, id, home, said),
        None => subject.failed(id, error.cause(), said),
    }
}

/// The checks that a refused token decides. `unclear` says why discovery had not decided the tenant.
fn refused(
    subject: &Subject<'_>,
    error: &AuthError,
    unclear: Option<&str>,
    home: Option<&Home>,
) -> Vec<Check> {
    use CheckId::{Application, Credential, Permissions, Tenant};
    let cause = error.cause();
    let failed = |id| misplaced(subject, id, error, home);
    let tenant = |check: Check| unclear.map(|_| check);
    let known_tenant = || tenant(Check::passed(Tenant, "Entra knows the tenant."));
    let known_app = || Check::passed(Application, "Entra knows the application.");
    let blamed = |checks: [Option<Check>; 3]| checks.into_iter().flatten().collect();
    match cause {
        // About Entra as a whole or the tenant: the first of the checks that is not decided.
        Cause::TenantNotFound
        | Cause::WrongCloud
        | Cause::Unreachable
        | Cause::Throttled
        | Cause::MicrosoftTrouble
        | Cause::UnexpectedAnswer => vec![failed(if unclear.is_some() { Tenant } else { Application })],
        // Entra names the application in these.
        Cause::WrongSecret | Cause::SecretExpired | Cause::CertificateRefused | Cause::FederationMismatch => {
            blamed([known_tenant(), Some(known_app()), Some(failed(Credential))])
        }
        Cause::SecretMissing | Cause::AssertionOutOfTime => {
            let skipped = Check::skipped(Application, "Not judged: Entra looked at the credential first.");
            blamed([known_tenant(), Some(skipped), Some(failed(Credential))])
        }
        Cause::NoPermissions => blamed([known_tenant(), Some(known_app()), Some(failed(Permissions))]),
        Cause::OurFault | Cause::Unknown { .. } => {
            let reason = unclear.unwrap_or_default();
            let message = format!("Not judged: Entra's discovery document could not be read ({reason}).");
            blamed([tenant(Check::skipped(Tenant, message)), Some(failed(Application)), None])
        }
        _ => blamed([known_tenant(), Some(failed(Application)), None]),
    }
}
