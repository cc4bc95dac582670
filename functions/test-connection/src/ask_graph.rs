//! Permissions and lists: what Graph says.

use graph_auth::{Cause, Cloud};
use graph_http::Transport;
use graph_security::{Graph, GraphError, Query, RecordKind, Session};
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::permissions::{self, Access};
use crate::report::{Check, CheckId, Progress};
use crate::sign_in::SignedIn;
use crate::tenant::Home;
use crate::tester::{LOOK_BACK, TIME_LIMIT, Trial};

/// Requests to Graph in one round: three lists, each with four tries and one more with a fresh token.
const CALLS: u32 = 15;

impl<'a, T: Transport> Trial<'a, T> {
    /// Asks both lists as a sync does.
    pub(crate) async fn ask_graph(&mut self, signed_in: SignedIn<'a, T>, progress: &mut Progress<'_>) {
        let SignedIn { graph, roles, home } = signed_in;
        // Where the token shows all that is needed, its check need not wait for the calls.
        if let Some(roles) = roles.as_deref().filter(|roles| permissions::is_enough(roles)) {
            progress.show(&permissions::granted(roles, &self.subject));
        }
        let mut session = self.session(&graph, self.began + TIME_LIMIT);
        let incidents = self.list(&mut session, RecordKind::Incident, home.as_ref()).await;
        if incidents.is_open() {
            progress.show(&incidents.check(RecordKind::Incident, &self.subject));
        }
        let alerts = if incidents.ends_the_test() {
            Access::NotAsked
        } else {
            self.list(&mut session, RecordKind::Alert, home.as_ref()).await
        };
        // Graph may have wanted a fresh token, which shows more.
        let roles = session.roles().map(<[String]>::to_vec).or(roles);
        let verdict = permissions::judge(roles.as_deref(), &incidents, &alerts, &self.subject);
        let capabilities = &mut progress.capabilities;
        capabilities.read_incidents = incidents.capability();
        capabilities.read_alerts = alerts.capability();
        let goes_on = !incidents.ends_the_test() && !alerts.ends_the_test();
        let none_granted = verdict.cause == Some(Cause::NoPermissions);
        progress.add(verdict);
        progress.add(incidents.check(RecordKind::Incident, &self.subject));
        progress.add(alerts.check(RecordKind::Alert, &self.subject));
        self.options(&mut session, roles.as_deref(), goes_on && !none_granted, progress).await;
    }

    fn session<'g>(&mut self, graph: &'g Graph<&'a T>, deadline: Instant) -> Session<'g, &'a T> {
        let identity = self.candidate.identity.clone();
        Session::new(graph, self.subject.endpoints.clone(), identity, deadline, CALLS, self.rng.fork())
    }

    /// The sync's own first query.
    async fn list(&self, session: &mut Session<'_, &'a T>, kind: RecordKind, home: Option<&Home>) -> Access {
        let since = self.candidate.since.unwrap_or_else(|| look_back(self.tester.clock.now()));
        let answer = session.page(&Query::updated_since(kind, since)).await;
        match (Access::of(kind, &answer, session.roles()), home) {
            (Access::Refused { cause: Cause::TokenRefused, said }, Some(home)) => Access::Refused {
                cause: Cause::WrongCloud,
                said: said.of_home(home, "the tenant seems to be in"),
            },
            (access, _) => access,
        }
    }

    /// What a sync does not need.
    async fn options(
        &self,
        session: &mut Session<'_, &'a T>,
        roles: Option<&[String]>,
        goes_on: bool,
        progress: &mut Progress<'_>,
    ) {
        let (check, write_back) = permissions::write_back(roles);
        progress.capabilities.write_back = write_back;
        progress.add(check);
        if !matches!(self.subject.cloud, Cloud::Global | Cloud::Simulated(_)) {
            progress.capabilities.custom_detections = Some(false);
            let message = "Custom detection rules can be listed in the global cloud only; they are optional.";
            progress.add(Check::skipped(CheckId::CustomDetections, message));
            return;
        }
        if roles.is_some_and(<[String]>::is_empty) {
            progress.capabilities.custom_detections = Some(false);
        }
        if goes_on {
            let answer: Result<(), GraphError> = session.detection_rules().await;
            let (check, listed) = permissions::custom_detections(&answer, session.roles(), &self.subject);
            progress.capabilities.custom_detections = listed;
            progress.add(check);
        }
    }
}

fn look_back(now: Timestamp) -> Timestamp {
    let back = SignedDuration::try_from(LOOK_BACK).unwrap_or(SignedDuration::ZERO);
    now.checked_sub(back).unwrap_or(Timestamp::UNIX_EPOCH)
}
