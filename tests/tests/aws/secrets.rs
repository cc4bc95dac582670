//! Client secrets: staging, replacing, the cache and reading past it.

use std::time::Duration;

use graph_http::{Clock, HttpsTransport};
use incident_store::{ClientSecrets as _, ConnectionId, SecretError, SecretVault as _, SecretVersion};
use lambda_support::{Aws, SecretsManager};
use secrecy::ExposeSecret as _;
use soc_anywhere_tests::counted::Counted;
use soc_anywhere_tests::emulators::Emulator;
use uuid::Uuid;

use crate::desk::{Desk, at, id};

const SIX_HOURS: Duration = Duration::from_secs(6 * 3600);

fn version(number: u128) -> SecretVersion {
    SecretVersion(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + number))
}

fn manager(emulator: &Emulator, counted: &Counted, clock: Clock) -> SecretsManager {
    Aws::new(&emulator.settings(), counted.clone()).unwrap().secrets(clock).unwrap()
}

async fn read(secrets: &SecretsManager, id: ConnectionId, fresh: bool) -> Result<String, SecretError> {
    secrets.client_secret(id, fresh).await.map(|secret| secret.expose_secret().to_owned())
}

async fn replace(admin: &SecretsManager, number: u128, secret: &str) {
    admin.stage(id(1), version(number), secret.into()).await.unwrap();
    admin.promote(id(1), version(number)).await.unwrap();
}

#[tokio::test]
async fn a_secret_is_read_twice_a_day_and_past_the_cache_when_it_is_refused() {
    let Some(desk) = Desk::new().await else { return };
    let counted = Counted::default();
    let reads = || counted.take().operations.remove("GetSecretValue").unwrap_or_default();
    let admin = manager(&desk.aws, &Counted::default(), Clock::system());
    replace(&admin, 1, "first").await;

    // Its clock is moved by hand, six hours at a time; the sockets need real time, which passes as well.
    let sync = manager(&desk.aws, &counted, Clock::simulated(at(0)));
    for _ in 0..3 {
        assert_eq!(read(&sync, id(1), false).await.as_deref(), Ok("first"));
    }
    assert_eq!(reads(), 1);

    replace(&admin, 2, "second").await;
    assert_eq!(
        read(&sync, id(1), false).await.as_deref(),
        Ok("first"),
        "the cached one, until it is refused"
    );
    assert_eq!(read(&sync, id(1), true).await.as_deref(), Ok("second"));
    assert_eq!(read(&sync, id(1), false).await.as_deref(), Ok("second"), "what was read fresh is cached");
    assert_eq!(reads(), 1);

    replace(&admin, 3, "third").await;
    tokio::time::pause();
    tokio::time::advance(SIX_HOURS).await;
    tokio::time::resume();
    assert_eq!(read(&sync, id(1), false).await.as_deref(), Ok("second"));
    assert_eq!(reads(), 0);
    tokio::time::pause();
    tokio::time::advance(SIX_HOURS).await;
    tokio::time::resume();
    assert_eq!(
        read(&sync, id(1), false).await.as_deref(),
        Ok("third"),
        "twelve hours later it is read again"
    );
    assert_eq!(reads(), 1);

    admin.remove(id(1)).await.unwrap();
    assert_eq!(read(&sync, id(1), true).await, Err(SecretError::Missing));
    assert_eq!(read(&sync, id(1), false).await, Err(SecretError::Missing), "and forgotten at once");
}

#[tokio::test]
async fn the_current_secret_stands_until_the_new_one_is_promoted() {
    let Some(desk) = Desk::new().await else { return };
    let admin = manager(&desk.aws, &Counted::default(), Clock::system());
    replace(&admin, 1, "old").await;
    admin.stage(id(1), version(2), "new".into()).await.unwrap();
    let settings = desk.aws.settings();
    let aws = Aws::new(&settings, HttpsTransport::new()).unwrap();
    let client = aws_sdk_secretsmanager::Client::new(aws.sdk_config());
    let name = format!("soc-anywhere/test/conn/{}", id(1));
    let staged = |stage: &'static str| {
        let call = client.get_secret_value().secret_id(&name).version_stage(stage).send();
        async move { call.await.unwrap().secret_string.unwrap() }
    };
    assert_eq!(staged("AWSCURRENT").await, "old");
    assert_eq!(staged("AWSPENDING").await, "new");
    admin.promote(id(1), version(2)).await.unwrap();
    assert_eq!(staged("AWSCURRENT").await, "new");
    assert_eq!(staged("AWSPREVIOUS").await, "old");

    admin.remove(id(1)).await.unwrap();
    let deleted = client.describe_secret().secret_id(&name).send().await.unwrap().deleted_date;
    assert!(deleted.is_some(), "it is deleted with a recovery window");
}

#[tokio::test]
async fn a_secret_outlives_the_hour_while_secrets_manager_does_not_answer() {
    let Some(desk) = Desk::new().await else { return };
    let proxy = desk.emulators.microburst(&desk.aws).await.unwrap();
    let admin = manager(&desk.aws, &Counted::default(), Clock::system());
    replace(&admin, 1, "only").await;
    let sync = manager(&proxy, &Counted::default(), Clock::simulated(at(0)));
    assert_eq!(read(&sync, id(1), false).await.as_deref(), Ok("only"));
    let denied = serde_json::json!([{ "service": "secretsmanager",
        "error": { "code": "InternalServiceError", "status": 500 } }]);
    proxy.set_rules(&denied).await.unwrap();
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(7200)).await;
    tokio::time::resume();
    assert_eq!(read(&sync, id(1), false).await.as_deref(), Ok("only"), "old is better than none");
    let fresh = read(&sync, id(1), true).await;
    assert!(
        matches!(fresh, Err(SecretError::Unavailable(_))),
        "but not once Entra has refused it: {fresh:?}"
    );
    assert!(proxy.fired().await.unwrap().len() >= 2, "it did not answer");
}

#[tokio::test]
async fn a_replacement_whose_answer_is_lost_is_done_and_one_that_is_not_done_is_refused() {
    let Some(desk) = Desk::new().await else { return };
    let proxy = desk.emulators.microburst(&desk.aws).await.unwrap();
    let (direct, admin) = (
        manager(&desk.aws, &Counted::default(), Clock::system()),
        manager(&proxy, &Counted::default(), Clock::system()),
    );
    replace(&direct, 1, "old").await;
    // Each attempt of the SDK's meets it, and no other call.
    let moving = |what: serde_json::Value| {
        let mut rule =
            serde_json::json!({ "service": "secretsmanager", "operation": "UpdateSecretVersionStage" });
        rule.as_object_mut().unwrap().extend(what.as_object().unwrap().clone());
        serde_json::json!([rule])
    };
    admin.stage(id(1), version(2), "new".into()).await.unwrap();
    proxy.set_rules(&moving(serde_json::json!({ "reset": true }))).await.unwrap();
    let refused = admin.promote(id(1), version(2)).await;
    assert!(matches!(refused, Err(SecretError::Unavailable(_))), "{refused:?}");
    assert_eq!(read(&direct, id(1), true).await.as_deref(), Ok("old"));

    let lost = serde_json::json!({ "response": { "abort_frac": 0.0 } });
    proxy.set_rules(&moving(lost)).await.unwrap();
    admin.promote(id(1), version(2)).await.unwrap();
    assert_eq!(read(&direct, id(1), true).await.as_deref(), Ok("new"));
    assert!(proxy.fired().await.unwrap().len() >= 4, "answers were lost");
}
