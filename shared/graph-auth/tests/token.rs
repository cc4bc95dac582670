//! Tokens from a simulated Entra, and the cache that keeps them; in simulated time.

use std::sync::Arc;
use std::time::Duration;

use defender_sim::{InProcess, Scenario, Simulator, TenantHandle, TenantSpec};
use graph_auth::{AuthError, Cause, Cloud, Credential, Endpoints, Identity, TokenCache, TokenRequest};
use graph_http::Clock;
use jiff::Timestamp;
use tokio::time::Instant;

struct Entra {
    simulator: Arc<Simulator>,
    transport: InProcess,
    clock: Clock,
    endpoints: Endpoints,
    tenant: TenantHandle,
}

impl Entra {
    fn with(spec: TenantSpec) -> Self {
        let now: Timestamp = "2026-11-02T09:00:00Z".parse().expect("a constant");
        let clock = Clock::simulated(now);
        let simulator = Arc::new(Simulator::new(1, now));
        let tenant = simulator.add_tenant(spec);
        let transport = InProcess { simulator: simulator.clone(), clock: clock.clone() };
        Self { simulator, transport, clock, endpoints: Cloud::Global.endpoints(), tenant }
    }

    fn identity(&self, secret: &str) -> Identity {
        Identity {
            tenant_id: self.tenant.tenant_id,
            client_id: self.tenant.client_id,
            credential: Credential::ClientSecret(secret.into()),
        }
    }

    fn request(&self) -> TokenRequest<'_, InProcess> {
        TokenRequest {
            transport: &self.transport,
            clock: &self.clock,
            endpoints: &self.endpoints,
            deadline: Instant::now() + Duration::from_secs(3_600 * 24),
        }
    }

    fn asked(&self) -> usize {
        self.simulator.requests().len()
    }
}

fn rng() -> fastrand::Rng {
    fastrand::Rng::with_seed(1)
}

#[tokio::test(start_paused = true)]
async fn a_token_is_kept_until_shortly_before_it_expires() {
    let entra = Entra::with(TenantSpec::new(1, Scenario::Good));
    let (cache, identity) = (TokenCache::default(), entra.identity(&entra.tenant.secret));
    for (minutes, asked) in [(0, 1), (30, 1), (24, 1), (1, 2)] {
        tokio::time::sleep(Duration::from_secs(minutes * 60)).await;
        cache.token(&entra.request(), &identity, &mut rng()).await.unwrap();
        assert_eq!(entra.asked(), asked, "after {minutes} more minutes of a token of 3,599 s");
    }
}

#[tokio::test(start_paused = true)]
async fn many_at_once_share_one_request() {
    let entra = Entra::with(TenantSpec::new(1, Scenario::Good));
    let (cache, identity) = (TokenCache::default(), entra.identity(&entra.tenant.secret));
    let request = entra.request();
    let (mut one, mut two, mut three) = (rng(), rng(), rng());
    let (a, b, c) = tokio::join!(
        cache.token(&request, &identity, &mut one),
        cache.token(&request, &identity, &mut two),
        cache.token(&request, &identity, &mut three),
    );
    assert!(a.is_ok() && b.is_ok() && c.is_ok());
    assert_eq!(entra.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn tokens_of_seconds_cause_no_storm() {
    let spec = TenantSpec { token_lifetime: Duration::from_secs(5), ..TenantSpec::new(1, Scenario::Good) };
    let entra = Entra::with(spec);
    let (cache, identity) = (TokenCache::default(), entra.identity(&entra.tenant.secret));
    for _ in 0..60 {
        cache.token(&entra.request(), &identity, &mut rng()).await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(entra.asked(), 2, "one in 30 seconds, not one in every request");
}

#[tokio::test(start_paused = true)]
async fn a_token_that_never_expires_is_kept_for_a_day_at_most() {
    let spec = TenantSpec { token_lifetime: Duration::MAX, ..TenantSpec::new(1, Scenario::Good) };
    let entra = Entra::with(spec);
    let (cache, identity) = (TokenCache::default(), entra.identity(&entra.tenant.secret));
    for (hours, asked) in [(0, 1), (23, 1), (1, 2)] {
        tokio::time::sleep(Duration::from_secs(hours * 3_600)).await;
        cache.token(&entra.request(), &identity, &mut rng()).await.unwrap();
        assert_eq!(entra.asked(), asked, "after {hours} more hours");
    }
}

#[tokio::test(start_paused = true)]
async fn another_secret_never_gets_the_old_one_s_token() {
    let entra = Entra::with(TenantSpec::new(1, Scenario::Good));
    let cache = TokenCache::default();
    cache.token(&entra.request(), &entra.identity(&entra.tenant.secret), &mut rng()).await.unwrap();
    let error = cache.token(&entra.request(), &entra.identity("wrong"), &mut rng()).await.unwrap_err();
    assert_eq!(error.cause(), Cause::WrongSecret);
}

#[tokio::test(start_paused = true)]
async fn an_evicted_token_is_asked_for_anew_and_a_newer_one_stays() {
    let entra = Entra::with(TenantSpec::new(1, Scenario::Good));
    let (cache, identity) = (TokenCache::default(), entra.identity(&entra.tenant.secret));
    let old = cache.token(&entra.request(), &identity, &mut rng()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    cache.evict(&entra.request(), &identity, &old).await;
    cache.token(&entra.request(), &identity, &mut rng()).await.unwrap();
    cache.evict(&entra.request(), &identity, &old).await;
    cache.token(&entra.request(), &identity, &mut rng()).await.unwrap();
    assert_eq!(entra.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn each_refusal_has_its_cause() {
    for (scenario, cause) in [
        (Scenario::WrongSecret, Cause::WrongSecret),
        (Scenario::ExpiredSecret, Cause::SecretExpired),
        (Scenario::NoServicePrincipal, Cause::NoServicePrincipal),
        (Scenario::AppDisabled, Cause::AppDisabled),
        (Scenario::ConditionalAccess, Cause::ConditionalAccess),
        (Scenario::TenantNotFound, Cause::TenantNotFound),
        (Scenario::UnknownApp, Cause::AppNotFound),
        (Scenario::OtherCloud, Cause::WrongCloud),
        (Scenario::EntraTrouble, Cause::MicrosoftTrouble),
    ] {
        let entra = Entra::with(TenantSpec::new(1, scenario.clone()));
        let identity = entra.identity(&entra.tenant.secret);
        let error = TokenCache::default().token(&entra.request(), &identity, &mut rng()).await.unwrap_err();
        assert_eq!(error.cause(), cause, "{scenario:?}");
        let AuthError::Refused(refused) = &error else { panic!("{error:?}") };
        assert!(
            refused.trace_id.is_some() && refused.correlation_id.is_some() && refused.timestamp.is_some()
        );
        assert!(!format!("{error} {error:?}").contains(&entra.tenant.client_id.to_string()), "{error:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_throttle_s_wait_is_kept_and_told_when_it_does_not_fit() {
    let throttled = Scenario::Throttled { entra: true, graph: false, retry_after: Some(30) };
    let entra = Entra::with(TenantSpec::new(1, throttled));
    let identity = entra.identity(&entra.tenant.secret);
    let mut request = entra.request();
    request.deadline = Instant::now() + Duration::from_secs(20);
    let error = TokenCache::default().token(&request, &identity, &mut rng()).await.unwrap_err();
    assert_eq!((error.cause(), error.retry_after()), (Cause::Throttled, Some(Duration::from_secs(30))));
    assert_eq!(entra.asked(), 1, "a wait that does not fit is not begun");
}
