//! Tenant, application and credential: what Entra says.

use graph_auth::{AuthError, Cause, TokenRequest};
use graph_http::{Spent, Transport, Unanswered};
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
    pub(crate) async fn sign_in(&mut self, progress: &mut Progress<'_>) -> Option<SignedIn<'a, T>> {
        let subject = self.subject;
        let tester = self.tester;
        let deadline = self.began + TIME_LIMIT;
        let uri = subject.endpoints.login_uri(&tenant::path(subject.tenant_id));
        let discovery =
            tenant::discover(&tester.transport, &tester.clock, uri, subject.tenant_id, deadline).await;
        let (home, found) = match discovery {
            Discovery::Found { home, region } => {
                let home = home.and_then(|home| home.other_than(subject.cloud));
                let check = self.found(home.as_ref(), region.as_deref());
                if check.cause.is_some() {
                    progress.add(check);
                    return None;
                }
                // Not the last word: the token request may know better.
                progress.show(&check);
                (home, Ok(check))
            }
            Discovery::Refused(error) => {
                let error = AuthError::Refused(error);
                let place = self.place_after(error.cause(), None).await;
                progress.add(misplaced(&subject, CheckId::Tenant, &error, &place));
                return None;
            }
            Discovery::Barred(fault) => {
                let error = AuthError::Fault(Unanswered { fault, spent: Spent::default() });
                progress.add(misplaced(&subject, CheckId::Tenant, &error, &Place::Unknown));
                return None;
            }
            Discovery::Unclear(reason) => (None, Err(reason)),
        };

        let graph = tester.graph();
        let request = TokenRequest {
            transport: &graph.transport,
            clock: &graph.clock,
            endpoints: self.subject.endpoints,
            deadline,
        };
        // Through the new cache, so that the lists are asked with this very token.
        let token = match graph.tokens.token(&request, &self.candidate.identity, &mut self.rng).await {
            Ok(token) => token,
            Err(error) => {
                let place = self.place_after(error.cause(), home).await;
                for check in refused(&subject, &error, found, &place) {
                    progress.add(check);
                }
                return None;
            }
        };
        let issues = |_| Check::passed(CheckId::Tenant, "Entra issues tokens for this tenant.");
        progress.add(found.unwrap_or_else(issues));
        progress.add(Check::passed(CheckId::Application, "Entra knows the application and lets it sign in."));
        progress.add(Check::passed(CheckId::Credential, "Entra accepts the client secret."));
        Some(SignedIn { roles: token.claims().map(|claims| claims.roles), graph, home })
    }

    fn found(&self, home: Option<&Home>, region: Option<&str>) -> Check {
        let (id, subject) = (CheckId::Tenant, &self.subject);
        let Some(home) = home else {
            let region = region.map(|region| format!(" (region {region})")).unwrap_or_default();
            return Check::passed(id, format!("The tenant exists in this cloud{region}."));
        };
        // The same Entra, or one's own, says of itself what it likes; a real mistake will be refused by Graph.
        if home.shares_login_with(subject.cloud) || self.tester.endpoints.login.is_some() {
            let message = format!("The tenant exists, and seems to be in the cloud {}.", home.name());
            let remedy = format!("If Graph refuses, choose {} as the cloud.", home.name());
            return Check { remedy: Some(remedy), ..Check::warning(id, message) };
        }
        moved(subject, id, home, Said::default())
    }

    /// Where a tenant is that is not here; `known` is what discovery has said of it.
    async fn place_after(&self, cause: Cause, known: Option<Home>) -> Place {
        if !matches!(cause, Cause::TenantNotFound | Cause::WrongCloud) {
            return Place::Unknown;
        }
        let home = match known {
            Some(home) => Some(home),
            None => self.elsewhere().await,
        };
        match home {
            Some(home) => Place::Home(home),
            None if cause == Cause::TenantNotFound && self.is_swapped().await => Place::Swapped,
            None => Place::Unknown,
        }
    }

    /// Whether the client ID is a tenant's. An application's ID is none.
    async fn is_swapped(&self) -> bool {
        let Trial { tester, subject, .. } = self;
        let uri = subject.endpoints.login_uri(&tenant::path(subject.client_id));
        let deadline = self.began + TIME_LIMIT;
        let id = tenant::id_of(&tester.transport, &tester.clock, uri, deadline).await;
        id == Some(subject.client_id)
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

/// Where a tenant is that is not here.
enum Place {
    /// In another cloud.
    Home(Home),
    /// In the other field: the IDs are swapped.
    Swapped,
    Unknown,
}

/// A tenant that is in another cloud, named.
fn moved(subject: &Subject<'_>, id: CheckId, home: &Home, said: Said) -> Check {
    let remedy = match home {
        Home::Cloud(cloud) => format!("Choose {cloud} as the cloud."),
        Home::China => "Connect another tenant: one of 21Vianet's cloud cannot be connected.".to_owned(),
    };
    let said = said.of_home(home, "the tenant is in");
    Check { remedy: Some(remedy), ..subject.failed(id, home.cause(), said) }
}

fn misplaced(subject: &Subject<'_>, id: CheckId, error: &AuthError, place: &Place) -> Check {
    let said = Said::by_entra(error);
    match place {
        Place::Home(home) => moved(subject, id, home, said),
        Place::Swapped => subject.failed(id, Cause::IdsSwapped, said),
        Place::Unknown => subject.failed(id, error.cause(), said),
    }
}

/// The checks that a refused token decides. `found` is discovery's verdict, or why it had none.
fn refused(
    subject: &Subject<'_>,
    error: &AuthError,
    found: Result<Check, String>,
    place: &Place,
) -> Vec<Check> {
    use CheckId::{Application, Credential, Permissions, Tenant};
    let cause = error.cause();
    let failed = |id| misplaced(subject, id, error, place);
    let of_entra = cause.is_about_the_network()
        || matches!(
            cause,
            Cause::OutdatedTls | Cause::Throttled | Cause::MicrosoftTrouble | Cause::UnexpectedAnswer
        );
    if tenant::is_about(cause) || (of_entra && found.is_err()) {
        return vec![failed(Tenant)];
    }
    let tenant = found.unwrap_or_else(|reason| match cause {
        Cause::OurFault | Cause::Unknown { .. } => Check::skipped(
            Tenant,
            format!("Not judged: Entra's discovery document could not be read ({reason})."),
        ),
        _ => Check::passed(Tenant, "Entra knows the tenant."),
    });
    let known_app = || Check::passed(Application, "Entra knows the application.");
    match cause {
        // Entra names the application in these.
        Cause::WrongSecret
        | Cause::SecretExpired
        | Cause::CertificateRefused
        | Cause::CertificateExpired
        | Cause::FederationMismatch
        | Cause::FederationNotAllowed => vec![tenant, known_app(), failed(Credential)],
        Cause::SecretMissing | Cause::AssertionOutOfTime => {
            let skipped = Check::skipped(Application, "Not judged: Entra looked at the credential first.");
            vec![tenant, skipped, failed(Credential)]
        }
        Cause::NoPermissions => vec![tenant, known_app(), failed(Permissions)],
        Cause::ResourceDisabled => {
            let skipped = Check::skipped(Application, "Not judged: Entra looked at Microsoft Graph first.");
            vec![tenant, skipped, failed(Permissions)]
        }
        _ => vec![tenant, failed(Application)],
    }
}
