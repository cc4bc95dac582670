//! What was made a moment ago is not known at once: a person who enters it waits for it. Simulated time.

use std::sync::Arc;
use std::time::Duration;

use defender_sim::{InProcess, Recorded, Scenario, Simulator, TenantHandle};
use http_api::{Limits, MemoryAttempts, Refused, Window};
use test_connection::{
    Awaited, LONGEST_CONSENT_WAIT, LONGEST_WAIT, PAUSE, Pause, Subject, TestReport, Tester, Waiting, audited,
};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use crate::support::{in_process, input, report, spec};

const ROLES: [&str; 2] = ["SecurityIncident.Read.All", "SecurityAlert.Read.All"];

/// A person who waits, and what they are told.
fn person() -> (Waiting, watch::Sender<bool>, mpsc::UnboundedReceiver<Pause>) {
    let (stop, stopped) = watch::channel(false);
    let (told, pauses) = mpsc::unbounded_channel();
    let tell = Arc::new(move |pause| told.send(pause).unwrap());
    (Waiting { tell, stop: Some(stopped) }, stop, pauses)
}

/// A tester with a person who waits, at a tenant of this scenario.
struct Entering {
    tester: Tester<InProcess>,
    simulator: Arc<Simulator>,
    tenant: TenantHandle,
    stop: watch::Sender<bool>,
    pauses: mpsc::UnboundedReceiver<Pause>,
    began: Instant,
}

impl Entering {
    fn at(scenario: Scenario) -> Self {
        let (waiting, stop, pauses) = person();
        let tester = Tester { waiting: Some(waiting), ..in_process() };
        let simulator = tester.transport.simulator.clone();
        let tenant = simulator.add_tenant(spec(1, scenario));
        Self { tester, simulator, tenant, stop, pauses, began: Instant::now() }
    }

    /// Tests, and lets something happen after so many seconds.
    async fn test(&self, seconds: u64, happens: impl FnOnce(&Self)) -> (TestReport, u64) {
        let later = async {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            happens(self);
            std::future::pending::<()>().await;
        };
        let report = tokio::select! {
            report = report(&self.tester, &self.tenant) => report,
            () = later => unreachable!("it is pending"),
        };
        (report, self.began.elapsed().as_secs())
    }

    fn told(&mut self) -> Vec<Pause> {
        std::iter::from_fn(|| self.pauses.try_recv().ok()).collect()
    }
}

type New = (Scenario, Awaited, fn(&Entering));

/// Every refusal of something that may be new: what is waited for, and how it becomes known.
fn new_things() -> [New; 4] {
    let known = |entering: &Entering| {
        entering.simulator.set_scenario(entering.tenant.tenant_id, Scenario::Good);
        entering.simulator.replace_secret(entering.tenant.tenant_id, &entering.tenant.secret);
    };
    let granted = |entering: &Entering| entering.simulator.grant(entering.tenant.tenant_id, &ROLES);
    [
        (Scenario::WrongSecret, Awaited::Secret, known),
        (Scenario::UnknownApp, Awaited::Application, known),
        (Scenario::NoServicePrincipal, Awaited::Application, known),
        (Scenario::NoConsent, Awaited::Consent, granted),
    ]
}

#[tokio::test(start_paused = true)]
async fn what_was_made_a_moment_ago_is_tried_again_until_it_is_known() {
    for (scenario, awaited, known) in new_things() {
        let mut entering = Entering::at(scenario.clone());
        let (report, took) = entering.test(25, known).await;
        assert!(report.ok, "{scenario:?}: {report:#?}");
        assert_eq!(took, 30, "{scenario:?}");
        let told = entering.told();
        let left: Vec<_> = told.iter().map(|pause| pause.left.as_secs()).collect();
        let longest = awaited.longest().as_secs();
        assert_eq!(left, [longest, longest - 10, longest - 20], "{scenario:?}");
        let same = |pause: &Pause| pause.awaited == awaited && pause.next == PAUSE && !pause.report.ok;
        assert!(told.iter().all(same), "{scenario:?}: {told:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_wait_for_what_never_comes_ends_a_minute_after_the_verdict_and_two_for_a_consent() {
    for (scenario, awaited, _) in new_things() {
        let mut entering = Entering::at(scenario.clone());
        let (report, took) = entering.test(0, |_| ()).await;
        let longest = if awaited == Awaited::Consent { LONGEST_CONSENT_WAIT } else { LONGEST_WAIT };
        assert_eq!((report.ok, took), (false, longest.as_secs()), "{scenario:?}");
        assert_eq!(entering.told().len() as u64, longest.as_secs() / 10, "{scenario:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_person_ends_the_wait_and_has_the_verdict() {
    for (scenario, ..) in new_things() {
        let entering = Entering::at(scenario.clone());
        let (report, took) = entering.test(13, |entering| entering.stop.send(true).unwrap()).await;
        assert_eq!((report.ok, took), (false, 13), "{scenario:?}");
        assert!(report.failure().unwrap().remedy.is_some(), "{scenario:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_waiting_the_remedy_begins_with_trying_again() {
    for (scenario, awaited, _) in new_things() {
        let tester = in_process();
        let tenant = tester.transport.simulator.add_tenant(spec(1, scenario.clone()));
        let report = report(&tester, &tenant).await;
        assert_eq!(Awaited::of(&report), Some(awaited), "{scenario:?}");
        let remedy = report.failure().unwrap().remedy.as_deref().unwrap();
        let (first, then) = remedy.split_once(" Otherwise").unwrap_or_else(|| panic!("{remedy}"));
        assert!(first.contains("within the last minutes, try again in"), "{remedy}");
        assert!(!then.is_empty(), "{remedy}");
    }
}

#[tokio::test(start_paused = true)]
async fn where_nobody_can_end_it_any_more_it_ends_by_itself() {
    let mut entering = Entering::at(Scenario::WrongSecret);
    entering.tester.waiting.as_mut().unwrap().stop = None;
    assert_eq!(entering.test(0, |_| ()).await.1, LONGEST_WAIT.as_secs());
    let mut entering = Entering::at(Scenario::WrongSecret);
    entering.stop = watch::channel(false).0;
    assert_eq!(entering.test(0, |_| ()).await.1, LONGEST_WAIT.as_secs());
}

#[tokio::test(start_paused = true)]
async fn what_no_wait_can_change_is_not_waited_for() {
    for scenario in [Scenario::Good, Scenario::ExpiredSecret, Scenario::TenantNotFound] {
        let mut entering = Entering::at(scenario.clone());
        assert_eq!(entering.test(0, |_| ()).await.1, 0, "{scenario:?}");
        assert_eq!(entering.told().len(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_kept_is_never_waited_for() {
    let entering = Entering::at(Scenario::WrongSecret);
    let candidate = input(&entering.tenant).candidate().unwrap();
    let report = entering.tester.test_candidate(&candidate, |_| ()).await;
    assert_eq!((report.ok, entering.began.elapsed()), (false, Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn one_wait_is_one_attempt() {
    let entering = Entering::at(Scenario::WrongSecret);
    let two = vec![Window { length: Duration::from_secs(86_400), most: 2, parameter: None }];
    let limits = Limits { owner: two.clone(), tenant: two, connections: u32::MAX };
    let attempts = MemoryAttempts::default();
    let subject = Subject {
        caller: &"a".into(),
        tenant_id: entering.tenant.tenant_id,
        client_id: entering.tenant.client_id,
        connection: None,
        guess: true,
    };
    let now = entering.tester.clock.now();
    let test = async || Ok::<_, Refused>(report(&entering.tester, &entering.tenant).await);
    assert!(!audited(&attempts, &limits, subject, now, test()).await.unwrap().ok);
    let tries = |request: &&Recorded| request.target.ends_with("/oauth2/v2.0/token");
    assert_eq!(entering.simulator.requests().iter().filter(tries).count(), 7, "it was tried again");
    assert!(audited(&attempts, &limits, subject, now, test()).await.is_ok(), "only one was counted");
    assert!(audited(&attempts, &limits, subject, now, test()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn without_waiting_a_fresh_token_is_tried_once_more() {
    let tester = in_process();
    let simulator = &tester.transport.simulator;
    let tenant = simulator.add_tenant(spec(1, Scenario::NoConsent));
    let began = Instant::now();
    let report = report(&tester, &tenant).await;
    assert!(!report.ok && began.elapsed() < Duration::from_secs(1));
    let incidents = |target: &str| target.starts_with("/v1.0/security/incidents");
    let asked = simulator.requests();
    assert_eq!(asked.iter().filter(|request| incidents(&request.target)).count(), 2);
    let tokens = asked.iter().filter(|request| request.target.ends_with("/oauth2/v2.0/token")).count();
    assert!((2..=3).contains(&tokens), "{tokens}");
}
