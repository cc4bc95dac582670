//! Who tests, and how long.

use std::net::IpAddr;
use std::time::Duration;

use graph_auth::{Cause, Cloud, Credential, EndpointOverride, TokenCache};
use graph_http::{Clock, Transport};
use graph_security::Graph;
use tokio::time::Instant;

use crate::explain::{Said, Subject};
use crate::report::{Check, CheckId, Observer, Progress, TestReport};
use crate::waiting::{Pause, Waiting};
use crate::{Candidate, Input, input, tenant};

/// A test ends within 20 s, the answer's way back included: people wait for it.
pub(crate) const TIME_LIMIT: Duration = Duration::from_secs(19);

/// How far back a new connection's first sync goes: the incidents of a month are what an analyst still works
/// on. Defender keeps 180 days (Microsoft Defender XDR, "Data security and retention").
pub const LOOK_BACK: Duration = Duration::from_secs(30 * 24 * 3600);

/// Tests connections.
#[derive(Debug)]
pub struct Tester<T> {
    /// Entra and Graph.
    pub transport: T,
    /// Our clock.
    pub clock: Clock,
    /// Entra and Graph of one's own, in place of every cloud's.
    pub endpoints: EndpointOverride,
    /// The addresses that requests come from, where they are fixed: Conditional Access may have to allow them.
    pub egress: Vec<IpAddr>,
    /// The person who waits for what was made a moment ago, where one enters a connection. `None` never waits.
    pub waiting: Option<Waiting>,
    /// The seed of all randomness: request ids and jitter.
    pub seed: u64,
}

/// One test under way.
pub(crate) struct Trial<'a, T> {
    pub(crate) tester: &'a Tester<T>,
    pub(crate) candidate: &'a Candidate,
    pub(crate) subject: Subject<'a>,
    pub(crate) began: Instant,
    pub(crate) rng: fastrand::Rng,
}

impl<T> Tester<T> {
    /// One whose addresses are not known and behind which nobody waits, with a random seed.
    #[must_use]
    pub fn new(transport: T, clock: Clock, endpoints: EndpointOverride) -> Self {
        Self { transport, clock, endpoints, egress: Vec::new(), waiting: None, seed: fastrand::u64(..) }
    }
}

impl<T: Transport> Tester<T> {
    /// Tests what a person entered. `observer` sees each check as it is decided; some are shown again when
    /// more is known, and the last one counts.
    pub async fn test(&self, input: &Input, mut observer: impl FnMut(&Check) + Send) -> TestReport {
        self.judged(input, input.candidate(), &mut observer).await
    }

    /// The same, of a connection of which more is known than what was entered: `complete` fills that in.
    pub async fn test_as(
        &self,
        input: &Input,
        complete: impl FnOnce(Candidate) -> Candidate,
        mut observer: impl FnMut(&Check) + Send,
    ) -> TestReport {
        self.judged(input, input.candidate().map(complete), &mut observer).await
    }

    async fn judged(
        &self,
        input: &Input,
        candidate: Result<Candidate, Cause>,
        observer: Observer<'_>,
    ) -> TestReport {
        match candidate {
            Ok(candidate) => self.repeated(&candidate, &entered(input, &candidate), observer).await,
            Err(cause) => {
                let mut progress = Progress::new(observer);
                progress.add(self.malformed(input, cause).await);
                progress.finish()
            }
        }
    }

    /// The check of values that cannot be right. Nobody is asked, but for the ID behind a domain.
    async fn malformed(&self, input: &Input, cause: Cause) -> Check {
        let (tenant_id, client_id) = input.ids();
        let cloud = input.cloud();
        let id = match input.domain().filter(|_| cause == Cause::TenantIdIsDomain).zip(cloud.as_ref()) {
            Some((domain, cloud)) => {
                let uri = self.endpoints.endpoints(cloud).login_uri(&tenant::path(domain));
                let deadline = Instant::now() + TIME_LIMIT;
                tenant::id_of(&self.transport, &self.clock, uri, deadline).await
            }
            None => None,
        };
        let asked = cloud.as_ref().unwrap_or(&Cloud::Global);
        let subject = Subject {
            cloud: asked,
            endpoints: &self.endpoints.endpoints(asked),
            tenant_id: tenant_id.or(id).unwrap_or_default(),
            client_id: client_id.unwrap_or_default(),
            egress: &self.egress,
        };
        let said = match input.form_of(cause) {
            Some(form) => Said::default().with_note(form),
            None => Said::default(),
        };
        let check = subject.failed(CheckId::Input, cause, said);
        match id {
            Some(id) => {
                Check { remedy: Some(format!("Enter {id}: it is this domain's tenant ID.")), ..check }
            }
            None => check,
        }
    }

    /// Tests a connection whose values were read before, such as a saved one. What it holds is not new, so that
    /// nothing is waited for.
    pub async fn test_candidate(
        &self,
        candidate: &Candidate,
        mut observer: impl FnMut(&Check) + Send,
    ) -> TestReport {
        let entered = Check::passed(CheckId::Input, "The values have the right form.");
        self.once(candidate, &entered, &mut observer).await
    }

    /// Tries until what was made a moment ago is known, for as long as somebody waits for it.
    async fn repeated(&self, candidate: &Candidate, entered: &Check, observer: Observer<'_>) -> TestReport {
        let mut report = self.once(candidate, entered, observer).await;
        let Some(waiting) = &self.waiting else { return report };
        let began = Instant::now();
        while let Some(pause) = Pause::after(&report, began.elapsed()) {
            let again = Instant::now() + pause.next;
            (waiting.tell)(pause);
            let next = async {
                tokio::time::sleep_until(again).await;
                self.once(candidate, entered, observer).await
            };
            tokio::select! {
                biased;
                () = waiting.stopped() => break,
                next = next => match next.failure().and_then(|check| check.cause) {
                    // Asked for fewer requests: the last verdict counts.
                    Some(Cause::Throttled) => break,
                    // It found nothing out, so it takes no verdict's place.
                    Some(cause) if cause.may_pass() || cause.is_about_the_network() => {}
                    _ => report = next,
                },
            }
        }
        report
    }

    async fn once(&self, candidate: &Candidate, entered: &Check, observer: Observer<'_>) -> TestReport {
        let mut progress = Progress::new(observer);
        progress.add(entered.clone());
        // On the heap, because it has some 15 KB and a test has two of it.
        Box::pin(self.run(candidate, &mut progress)).await;
        progress.finish()
    }

    async fn run(&self, candidate: &Candidate, progress: &mut Progress<'_>) {
        // Two tests at two times have different request ids.
        let now = self.clock.now().as_nanosecond().to_le_bytes();
        let mut low = [0; 8];
        low.copy_from_slice(&now[..8]);
        let mut trial = Trial {
            tester: self,
            candidate,
            subject: Subject {
                cloud: &candidate.cloud,
                endpoints: &self.endpoints.endpoints(&candidate.cloud),
                tenant_id: candidate.identity.tenant_id,
                client_id: candidate.identity.client_id,
                egress: &self.egress,
            },
            began: Instant::now(),
            rng: fastrand::Rng::with_seed(self.seed ^ u64::from_le_bytes(low)),
        };
        if let Some(signed_in) = trial.sign_in(progress).await {
            trial.ask_graph(signed_in, progress).await;
        }
    }

    /// A Graph without any token: what is asked through it gets a new one.
    pub(crate) fn graph(&self) -> Graph<&T> {
        Graph { transport: &self.transport, clock: self.clock.clone(), tokens: TokenCache::default() }
    }
}

fn entered(input: &Input, candidate: &Candidate) -> Check {
    let Credential::ClientSecret(secret) = &candidate.identity.credential;
    if let Some(oddity) = input::oddity(secret) {
        let message = format!("The client secret looks unusual: {oddity}.");
        let remedy = "If it is refused, copy the secret's Value again.".to_owned();
        return Check { remedy: Some(remedy), ..Check::warning(CheckId::Input, message) };
    }
    Check::passed(
        CheckId::Input,
        if input.was_cleaned() {
            "The values have the right form, without the blanks, quotes or invisible characters around them."
        } else {
            "The values have the right form."
        },
    )
}
