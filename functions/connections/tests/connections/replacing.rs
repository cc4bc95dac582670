//! Replacing a secret.

use std::time::Duration;

use defender_sim::Scenario;
use graph_auth::TokenCache;
use graph_http::{Clock, HttpsTransport};
use graph_security::Graph;
use incident_store::{ConnectionId, SyncStore as _};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use sync_incidents::{Budget, Outcome, Report, Settings, Syncer};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::support::World;

/// A sync that has not ended by then is hung: a busy machine needs long for one.
const HUNG: Duration = Duration::from_secs(300);

/// One sync with a token of its own, so that it cannot do without the secret.
async fn sync(world: &World, id: ConnectionId) -> Report {
    let syncer = Syncer {
        store: world.desk.store.clone(),
        graph: Graph {
            transport: HttpsTransport::new(),
            clock: Clock::system(),
            tokens: TokenCache::default(),
        },
        secrets: world.desk.vault.clone(),
        endpoints: world.desk.tester.endpoints.clone(),
        settings: Settings {
            budget: Budget::Unlimited,
            success_every: SignedDuration::ZERO,
            lease_margin: Duration::from_secs(60),
            seed: 1,
        },
    };
    syncer.sync(id, Instant::now() + HUNG).await.unwrap()
}

#[tokio::test]
async fn no_sync_fails_while_a_secret_is_replaced_again_and_again() {
    let world = World::new().await;
    let tenant = world.tenant(1, Scenario::Good);
    let path = world.enter("a", &tenant).await;
    let id: ConnectionId = path.strip_prefix("/connections/").unwrap().parse().unwrap();
    let (ended, syncs) = watch::channel(0);
    // Of two more one has begun after this moment.
    let two_more_syncs = async || {
        let mut syncs = syncs.clone();
        let before = *syncs.borrow_and_update();
        syncs.wait_for(|syncs| *syncs >= before + 2).await.expect("the syncs go on");
    };
    let replacing = async {
        for number in 0..12 {
            // As a customer does it: a second secret beside the first, and the first deleted once the second
            // is in use.
            let new = format!("secret-number-{number}-of-this-application~");
            world.simulator.add_secret(tenant.tenant_id, &new);
            let tag = world.get("a", &path).await.tag().to_owned();
            let body = json!({"clientSecret": new, "secretExpires": "2099-01-01"});
            let put = world.send_if("a", "PUT", &format!("{path}/credential"), Some(&tag), &body).await;
            assert_eq!((put.status, &put.json["test"]["ok"]), (200, &json!(true)), "{}", put.text);
            world.simulator.replace_secret(tenant.tenant_id, &new);
            assert_eq!(world.secret(id).await.as_deref(), Some(new.as_str()));
            two_more_syncs().await;
        }
    };
    let syncing = async {
        loop {
            let report = sync(&world, id).await;
            assert!(!matches!(report.outcome, Outcome::Failed { .. }), "{report:?}");
            ended.send_modify(|syncs| *syncs += 1);
        }
    };
    tokio::select! {
        () = replacing => {}
        () = syncing => {}
    }
}

#[tokio::test]
async fn a_new_secret_that_fails_leaves_the_old_one_in_its_place() {
    let world = World::new().await;
    let tenant = world.tenant(1, Scenario::Good);
    let path = world.enter("a", &tenant).await;
    let id: ConnectionId = path.strip_prefix("/connections/").unwrap().parse().unwrap();
    let credential = format!("{path}/credential");
    let tag = world.get("a", &path).await.tag().to_owned();
    let put = async |tag: Option<&str>, body| world.send_if("a", "PUT", &credential, tag, &body).await;
    put(None, json!({"clientSecret": "x"})).await.problem(428, "precondition-required");
    put(Some("\"99\""), json!({"clientSecret": "x"})).await.problem(412, "changed-meanwhile");
    let wrong =
        put(Some(&tag), json!({"clientSecret": "wrong-wrong-wrong~", "secretExpires": "2099-01-01"})).await;
    wrong.problem(422, "test-failed");
    assert_eq!(wrong.json["test"]["checks"][3]["cause"], "wrong_secret");
    let its_id = put(Some(&tag), json!({"clientSecret": tenant.client_id, "saveAnyway": true})).await;
    its_id.problem(422, "test-failed");
    assert_eq!(its_id.json["test"]["checks"][0]["cause"], "secret_is_secret_id");
    assert_eq!(world.secret(id).await.as_deref(), Some(tenant.secret.as_str()));
    assert_eq!(world.get("a", &path).await.tag(), tag, "nothing has changed");

    let anyway = put(Some(&tag), json!({"clientSecret": "wrong-wrong-wrong~", "saveAnyway": true})).await;
    assert_eq!((anyway.status, &anyway.json["test"]["ok"]), (200, &json!(false)), "{}", anyway.text);
    assert_eq!(world.secret(id).await.as_deref(), Some("wrong-wrong-wrong~"));
    assert_ne!(anyway.tag(), tag);
}

#[tokio::test]
async fn of_two_replacings_of_what_was_read_one_goes_on() {
    let world = World::new().await;
    let tenant = world.tenant(1, Scenario::Good);
    let path = world.enter("a", &tenant).await;
    let id: ConnectionId = path.strip_prefix("/connections/").unwrap().parse().unwrap();
    let (credential, tag) = (format!("{path}/credential"), world.get("a", &path).await.tag().to_owned());
    let secrets = ["one-of-two-new-secrets~", "the-other-new-secret~"];
    for secret in secrets {
        world.simulator.add_secret(tenant.tenant_id, secret);
    }
    let put = |secret: &'static str| {
        let (world, credential, tag) = (&world, &credential, &tag);
        async move { world.send_if("a", "PUT", credential, Some(tag), &json!({"clientSecret": secret})).await }
    };
    let (one, other) = tokio::join!(put(secrets[0]), put(secrets[1]));
    let mut statuses = [one.status, other.status];
    let winner = secrets[usize::from(other.status == 200)];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
    assert_eq!(world.secret(id).await.as_deref(), Some(winner));
}

#[tokio::test]
async fn a_failing_connection_is_due_at_once_when_its_secret_was_replaced_or_its_test_passes() {
    let world = World::new().await;
    let tenant = world.tenant(1, Scenario::Good);
    let path = world.enter("a", &tenant).await;
    let id: ConnectionId = path.strip_prefix("/connections/").unwrap().parse().unwrap();
    let due = async || world.desk.store.progress(id).await.unwrap().next_due.unwrap();
    for cure in ["secret", "test"] {
        let theirs = format!("somebody-put-another-{cure}~");
        world.simulator.replace_secret(tenant.tenant_id, &theirs);
        let begun = Timestamp::now();
        for _ in 0..2 {
            assert!(matches!(sync(&world, id).await.outcome, Outcome::Failed { .. }));
        }
        let failing = world.get("a", &path).await;
        assert_eq!(failing.json["health"]["state"], "failing");
        assert_eq!(failing.json["health"]["fault"]["cause"], "wrong_secret");
        assert!(due().await.duration_since(begun).as_secs() > 200, "it is put off");
        if cure == "secret" {
            let body = json!({"clientSecret": theirs});
            let put = world.send_if("a", "PUT", &format!("{path}/credential"), Some("*"), &body).await;
            assert_eq!(put.status, 200, "{}", put.text);
        } else {
            world.simulator.add_secret(tenant.tenant_id, &world.secret(id).await.unwrap());
            let tested = world.send("a", "POST", &format!("{path}/test"), &serde_json::Value::Null).await;
            assert_eq!(tested.json["ok"], true, "{}", tested.text);
        }
        assert!(due().await <= Timestamp::now(), "{cure}: it is due at once");
        assert!(!matches!(sync(&world, id).await.outcome, Outcome::Failed { .. }));
        assert_ne!(world.get("a", &path).await.json["health"]["state"], "failing");
    }
}
