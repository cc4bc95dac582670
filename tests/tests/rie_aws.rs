//! The functions that need AWS under AWS's Runtime Interface Emulator, between an emulated AWS and the
//! simulator.

#![expect(clippy::unwrap_used, reason = "a test may panic anywhere")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use defender_sim::{Generator, Simulator, TenantHandle, TenantSpec, serve};
use graph_auth::Cloud;
use graph_http::{Clock, HttpsTransport};
use incident_store::{
    ClientSecrets as _, ConnectionId, Connections as _, GroupId, Groups as _, Lifecycle, NewConnection,
    SecretError, SecretVault as _, SecretVersion, SyncStore as _,
};
use jiff::{SignedDuration, Timestamp};
use lambda_support::{Aws, AwsSettings};
use secrecy::SecretString;
use serde_json::{Value, json};
use soc_anywhere_tests::emulators::{Emulator, Emulators};
use soc_anywhere_tests::rie::{Emulated, Tools};
use soc_anywhere_tests::table;
use uuid::Uuid;

/// The connection that events/sync-incidents/queue.json names.
const IN_THE_QUEUE: &str = "019aaf11-3000-7101-8101-010101010101";

struct Desk {
    function: Emulated,
    settings: AwsSettings,
    simulator: Arc<Simulator>,
    tenant: TenantHandle,
    /// Between the function and AWS: it changes nothing and notes each call.
    proxy: Emulator,
    _aws: Emulator,
}

impl Desk {
    async fn new(function: &str) -> Option<Self> {
        Self::with(function, &[]).await
    }

    /// One whose function has more variables.
    async fn with(function: &str, more: &[(&str, &str)]) -> Option<Self> {
        let (Some(tools), Some(emulators)) = (Tools::from_env().unwrap(), Emulators::from_env().unwrap())
        else {
            return None;
        };
        let aws = emulators.ministack().await.unwrap();
        let settings = AwsSettings { table: Some("incidents".into()), ..aws.settings() };
        table::create(&Aws::new(&settings, HttpsTransport::new()).unwrap().dynamodb(), "incidents")
            .await
            .unwrap();
        let proxy = emulators.microburst(&aws).await.unwrap();
        proxy.set_rules(&json!([{ "latency": 1 }])).await.unwrap();
        let clock = Clock::system();
        let simulator = Arc::new(Simulator::new(1, clock.now()));
        let tenant = simulator.add_tenant(TenantSpec::demo(3));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(serve(listener, simulator.clone(), clock));
        let variables = [
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_ENDPOINT_URL", proxy.url()),
            ("SOC_ANYWHERE_TABLE", "incidents"),
            ("SOC_ANYWHERE_STACK", "test"),
            ("SOC_ANYWHERE_API_ID", "api-id"),
            ("SOC_ANYWHERE_TENANT_CALLS", "arn:aws:lambda:eu-west-1:123456789012:function:none:live"),
            ("SOC_ANYWHERE_LOGIN_URL", &origin),
            ("SOC_ANYWHERE_GRAPH_URL", &origin),
        ];
        let function = tools.start(function, &[&variables[..], more].concat()).await.unwrap();
        Some(Self { function, settings, simulator, tenant, proxy, _aws: aws })
    }

    fn aws(&self) -> Aws<'_> {
        Aws::new(&self.settings, HttpsTransport::new()).unwrap()
    }

    /// A connection to the tenant, with this secret.
    async fn enter(&self, id: ConnectionId, owner: &str, secret: &str) {
        self.enter_at(Timestamp::now(), id, owner, secret).await;
    }

    async fn enter_at(&self, now: Timestamp, id: ConnectionId, owner: &str, secret: &str) {
        let aws = self.aws();
        let store = aws.store().unwrap();
        let home = store.home(owner, GroupId::from(id.to_string())).await.unwrap();
        let connection = NewConnection {
            group: home,
            name: None,
            tenant_id: self.tenant.tenant_id,
            client_id: self.tenant.client_id,
            cloud: Cloud::Global,
            since: now - SignedDuration::from_hours(7 * 24),
            // Its next slot is longer than a test away, wherever it began.
            interval: Duration::from_secs(366 * 86_400),
            secret_expires: None,
        };
        store.create(id, connection, Lifecycle::Connected, now).await.unwrap();
        let (secrets, version) = (aws.secrets(Clock::system()).unwrap(), SecretVersion(Uuid::from_u128(1)));
        secrets.stage(id, version, SecretString::from(secret.to_owned())).await.unwrap();
        secrets.promote(id, version).await.unwrap();
    }

    /// How often the function has called each operation of AWS, attempts that were repeated included.
    async fn calls(&self) -> BTreeMap<String, usize> {
        let mut calls = BTreeMap::new();
        for ((operation, _), number) in self.proxy.faults().await.unwrap() {
            *calls.entry(operation).or_default() += number;
        }
        calls
    }

    async fn failing(&self, id: ConnectionId) -> Option<String> {
        let progress = self.aws().store().unwrap().progress(id).await.unwrap();
        progress.sync_status().failing.map(|failing| failing.cause.name().to_owned())
    }

    async fn invoke(&mut self, event: &str) -> Value {
        self.function.invoke(&read(event)).await.unwrap()
    }

    /// What an HTTP function answers: status and body.
    async fn call(&mut self, event: &Value) -> (u64, Value) {
        let answer = self.function.invoke(event).await.unwrap();
        let body = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        (answer["statusCode"].as_u64().unwrap(), body)
    }

    /// The log lines with this message.
    fn said(&mut self, message: &str) -> Vec<Value> {
        let printed = self.function.output().unwrap();
        let lines = printed.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.filter(|line| line["message"] == message).collect()
    }
}

/// A file of events/.
fn read(event: &str) -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../events").join(event);
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

#[tokio::test]
async fn a_tick_without_a_queue_syncs_what_is_due_and_each_fault_stays_its_connection_s() {
    let Some(mut desk) = Desk::new("sync-incidents").await else { return };
    assert_eq!(desk.invoke("sync-incidents/tick.json").await, json!({ "due": 0, "queued": 0, "failed": 0 }));

    let (good, bad) =
        (ConnectionId::new(Timestamp::now(), [1; 10]), ConnectionId::new(Timestamp::now(), [2; 10]));
    let secret = desk.tenant.secret.clone();
    desk.enter(good, "one", &secret).await;
    desk.enter(bad, "another", "Wr0ng~fake~wrongwrongwrongwrongwrongwrong").await;
    assert_eq!(desk.invoke("sync-incidents/tick.json").await, json!({ "due": 2, "queued": 0, "failed": 0 }));

    assert_eq!(desk.failing(good).await, None);
    assert_eq!(desk.failing(bad).await.as_deref(), Some("wrong_secret"));
    let synced = desk.said("synced");
    assert_eq!(synced.len(), 2);
    let line = |id: ConnectionId| synced.iter().find(|line| line["connection"] == id.to_string()).unwrap();
    assert!(line(good)["incidents_created"].as_u64().unwrap() > 10, "{}", line(good));
    assert_eq!(line(bad)["cause"], "wrong_secret");
    assert!(line(bad)["detail"].as_str().unwrap().contains("AADSTS7000215"), "{}", line(bad));
    assert_eq!(desk.invoke("sync-incidents/tick.json").await["due"], 0, "each has had its turn");
    assert!(!desk.function.output().unwrap().contains(&secret));
}

/// The queue's event with a turn of a slot that begins now.
fn turn(id: ConnectionId) -> Value {
    let slot = Timestamp::now();
    let turn = json!({ "connection": id, "slot": slot, "until": slot + SignedDuration::from_hours(1) });
    json!({ "Records": [{ "messageId": "1", "body": turn.to_string() }] })
}

#[tokio::test]
async fn an_idle_turn_warm_is_one_call_of_graph_per_stream_and_no_write() {
    let Some(mut desk) = Desk::new("sync-incidents").await else { return };
    // In a tenant where nothing has happened for the five minutes that every sync reads again.
    let few = Generator { incidents: 3, documented: false, ..Generator::default() };
    desk.tenant = desk.simulator.add_tenant(TenantSpec::demo(1000).with_generator(few));
    let id = ConnectionId::new(Timestamp::now(), [1; 10]);
    desk.enter(id, "one", &desk.tenant.secret).await;
    assert_eq!(desk.invoke("sync-incidents/tick.json").await["due"], 1);
    // The first turns read history.
    for _ in 0..30 {
        let (of_aws, of_microsoft) = (desk.calls().await, desk.simulator.requests().len());
        let lines = desk.said("synced").len();
        assert_eq!(desk.function.invoke(&turn(id)).await.unwrap(), json!({ "batchItemFailures": [] }));
        let asked = desk.simulator.requests().split_off(of_microsoft);
        let mut operations = desk.calls().await;
        for (operation, number) in of_aws {
            *operations.get_mut(&operation).unwrap() -= number;
        }
        operations.retain(|_, number| *number > 0);
        if operations.keys().any(|operation| operation != "GetItem") {
            continue;
        }
        assert_eq!(
            operations,
            BTreeMap::from([("GetItem".to_owned(), 2)]),
            "connection and state; no secret"
        );
        let of = |part: &str| asked.iter().filter(|request| request.target.contains(part)).count();
        let asked = (of("/security/incidents"), of("/security/alerts_v2"), of("/oauth2/"), asked.len());
        assert_eq!(asked, (1, 1, 0, 2), "one call of Graph per stream, and none for a token");
        assert_eq!(desk.said("synced").len(), lines, "of what is idle there is no line");
        return;
    }
    panic!("no turn was idle: {:?}", desk.said("synced"));
}

#[tokio::test]
async fn of_a_batch_only_what_is_ours_comes_again() {
    let Some(mut desk) = Desk::new("sync-incidents").await else { return };
    let poisoned =
        json!({ "batchItemFailures": [{ "itemIdentifier": "2e1424d4-f796-459a-8184-9c92662be6da" }] });
    assert_eq!(
        desk.invoke("sync-incidents/queue.json").await,
        poisoned,
        "a connection that was removed is nobody's fault"
    );

    let id: ConnectionId = IN_THE_QUEUE.parse().unwrap();
    desk.enter(id, "one", "Wr0ng~fake~wrongwrongwrongwrongwrongwrong").await;
    assert_eq!(desk.invoke("sync-incidents/queue.json").await, poisoned, "a bad secret is its customer's");
    assert_eq!(desk.failing(id).await.as_deref(), Some("wrong_secret"));

    let dynamodb = desk.aws().dynamodb();
    dynamodb.delete_table().table_name("incidents").send().await.unwrap();
    let failures = desk.invoke("sync-incidents/queue.json").await;
    assert_eq!(failures["batchItemFailures"].as_array().unwrap().len(), 2, "a store that fails is ours");
    assert_eq!(desk.said("not synced").len(), 1);
    let refused = desk.invoke("sync-incidents/tick.json").await;
    assert!(refused["errorType"].is_string(), "a tick that finds nothing out has failed: {refused}");
}

#[tokio::test]
async fn what_is_no_event_of_ours_is_refused() {
    let Some(mut desk) = Desk::new("sync-incidents").await else { return };
    for event in [json!({}), json!({ "source": "aws.events" }), json!([]), json!({ "tick": 7 })] {
        let refused = desk.function.invoke(&event).await.unwrap();
        assert!(refused["errorType"].is_string(), "{event}: {refused}");
    }
}

#[tokio::test]
async fn an_operator_s_event_is_done_and_logged_and_a_mistaken_one_is_no_error_of_the_function_s() {
    let Some(mut desk) = Desk::new("sync-incidents").await else { return };
    let id: ConnectionId = IN_THE_QUEUE.parse().unwrap();
    desk.enter(id, "one", "Wr0ng~fake~wrongwrongwrongwrongwrongwrong").await;
    let again = desk.invoke("sync-incidents/operator-again.json").await;
    assert_eq!(again["outcome"]["result"], "failed", "{again}");
    let listed = desk.invoke("sync-incidents/operator-list.json").await;
    let lines = listed["listed"].as_array().unwrap();
    assert_eq!((lines.len(), &lines[0]["connection"], &lines[0]["owner"]), (1, &json!(id), &json!("one")));
    let paused = desk.invoke("sync-incidents/operator-pause.json").await;
    assert_eq!((&paused["lifecycle"], &paused["health"]["state"]), (&json!("paused"), &json!("paused")));

    let mistaken = [json!({ "operator": "list" }), json!({ "operator": "stop", "by": "one" })];
    for event in mistaken {
        let refused = desk.function.invoke(&event).await.unwrap();
        assert!(refused["error"].is_string() && refused["errorType"].is_null(), "{event}: {refused}");
    }
    let said: Vec<_> = desk.said("operator").iter().map(|line| line["order"].clone()).collect();
    assert_eq!(said, ["again", "list", "pause"]);
    // A change of a connection is on the trail of all changes, with its owner.
    let changed = desk.said("connection changed");
    let of = |name: &str| changed[0][name].as_str().unwrap_or_default().to_owned();
    assert_eq!((changed.len(), of("connection"), of("owner")), (1, id.to_string(), "one".into()));
    assert_eq!((of("what"), of("fields"), of("outcome")), ("changed".into(), "paused".into(), "made".into()));
    assert_eq!(of("person"), read("sync-incidents/operator-pause.json")["by"].as_str().unwrap());
    assert_eq!(desk.said("synced").len(), 1, "its line, as of each sync");
    assert!(!desk.function.output().unwrap().contains("Wr0ng~fake~"));
}

#[tokio::test]
async fn a_connection_is_entered_by_who_signed_and_is_nobody_else_s() {
    let Some(mut desk) = Desk::new("connections").await else { return };
    assert_eq!(desk.call(&read("connections/unauthenticated.json")).await.0, 401);
    assert_eq!(desk.call(&read("connections/get-unknown.json")).await.0, 404);
    let list = read("connections/list.json");
    assert_eq!(desk.call(&list).await, (200, json!({ "connections": [], "next": null })));

    let mut enter = read("connections/enter.json");
    let secret = desk.tenant.secret.clone();
    let (tenant, client) = (desk.tenant.tenant_id, desk.tenant.client_id);
    let entry = |secret: &str| -> Value {
        json!({ "tenantId": tenant, "clientId": client, "clientSecret": secret }).to_string().into()
    };
    // What is answered and what is logged join by the request's id.
    enter["body"] = entry("Wr0ng~fake~wrongwrongwrongwrongwrongwrong");
    let (status, refused) = desk.call(&enter).await;
    assert_eq!(status, 422, "{refused}");
    let line = desk.said("connection tested").pop().unwrap();
    let request = line["span"]["requestId"].as_str().unwrap_or_else(|| panic!("without an id: {line}"));
    assert_eq!(refused["instance"], format!("urn:uuid:{request}"));
    enter["body"] = entry(&secret);
    let (status, entered) = desk.call(&enter).await;
    assert_eq!((status, &entered["test"]["ok"]), (201, &json!(true)), "{entered}");
    let id = &entered["connection"]["id"];
    assert_eq!(desk.call(&list).await.1["connections"][0]["id"], *id);

    let mut stranger = list.clone();
    stranger["requestContext"]["authorizer"]["iam"]["userId"] = "AIDAMAX".into();
    assert_eq!(desk.call(&stranger).await, (200, json!({ "connections": [], "next": null })));
    // Whoever invokes the function past its API could name any owner.
    let mut past = list.clone();
    past["requestContext"]["apiId"] = "another".into();
    assert_eq!(desk.call(&past).await.0, 403);
    assert_eq!(desk.said("connection tested").len(), 2);
    assert!(!desk.function.output().unwrap().contains(&secret));
}

#[tokio::test]
async fn the_schedule_finishes_a_removal_that_was_cut_off_and_nothing_else() {
    let Some(mut desk) = Desk::new("connections").await else { return };
    let (cut, whole) =
        (ConnectionId::new(Timestamp::now(), [1; 10]), ConnectionId::new(Timestamp::now(), [2; 10]));
    let before = Timestamp::now() - SignedDuration::from_mins(5);
    desk.enter_at(before, cut, "one", "cut").await;
    desk.enter_at(before, whole, "another", "whole").await;
    let store = desk.aws().store().unwrap();
    let mut connection = store.connection(cut).await.unwrap().unwrap();
    connection.lifecycle = Lifecycle::Removing;
    store.update(&connection).await.unwrap();

    for (removed, event) in [(1, "connections/clean.json"), (0, "connections/clean.json")] {
        assert_eq!(desk.invoke(event).await, json!({ "removed": removed, "failed": 0 }));
    }
    assert_eq!(store.connection(cut).await.unwrap(), None);
    assert!(store.connection(whole).await.unwrap().is_some());
    let secrets = desk.aws().secrets(Clock::system()).unwrap();
    assert_eq!(secrets.client_secret(cut, true).await.err(), Some(SecretError::Missing));
    assert!(secrets.client_secret(whole, true).await.is_ok());

    // What the connections' owner has passes to another one, and no item of a connection is written for it.
    let entered = store.connection(whole).await.unwrap();
    let moving = json!({ "move": "another", "to": "iam:AROANEW", "by": "zoe" });
    assert_eq!(desk.function.invoke(&moving).await.unwrap(), json!({ "moved": 1 }));
    assert_eq!(desk.function.invoke(&moving).await.unwrap(), json!({ "moved": 0 }));
    assert_eq!(store.connection(whole).await.unwrap(), entered);
    assert_eq!(store.groups("iam:AROANEW").await.unwrap().len(), 1);
    let line = desk.said("connection changed").pop().unwrap();
    let of = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
    assert_eq!((of("owner"), of("to"), of("person")), ("another".into(), "iam:AROANEW".into(), "zoe".into()));
    assert_eq!(of("what"), "moved");

    for event in
        [json!({ "move": "iam:AROANEW", "to": "AROAOLD", "by": "zoe" }), json!({ "move": "a", "to": "b" })]
    {
        let refused = desk.function.invoke(&event).await.unwrap();
        assert!(refused["errorType"].is_string(), "{event}: {refused}");
    }
    for event in [json!({}), json!({ "clean": 7 }), json!({ "clean": "now", "more": 1 }), json!([])] {
        let refused = desk.function.invoke(&event).await.unwrap();
        assert!(refused["errorType"].is_string(), "{event}: {refused}");
    }
    // Whoever calls over the HTTP API asks for a route, whatever the body says.
    let mut request = read("connections/list.json");
    request["body"] = r#"{"clean":"now"}"#.into();
    assert_eq!(desk.call(&request).await, (200, json!({ "connections": [], "next": null })));
}

#[tokio::test]
async fn a_kept_secret_is_used_for_its_owner_and_for_nobody_else() {
    let one_a_day = [("SOC_ANYWHERE_TESTS_PER_DAY", "1")];
    let Some(mut desk) = Desk::with("tenant-calls", &one_a_day).await else { return };
    assert_eq!(desk.invoke("tenant-calls/test.json").await, json!("notFound"));
    let id: ConnectionId = IN_THE_QUEUE.parse().unwrap();
    let secret = desk.tenant.secret.clone();
    desk.enter(id, "iam:AIDACKCEVSQ6C2EXAMPLE", &secret).await;
    let answer = desk.invoke("tenant-calls/test.json").await;
    assert_eq!(answer["tested"]["report"]["ok"], true, "{answer}");
    let told = desk.said("connection tested");
    let of = |name: &str| told[0][name].as_str().unwrap_or_default().to_owned();
    assert_eq!((of("owner"), of("person")), ("iam:AIDACKCEVSQ6C2EXAMPLE".into(), "zoe".into()));
    assert_eq!((of("connection"), of("verdict")), (id.to_string(), "passed".into()));
    // How often its owner may test is checked here, too, and before the secret is read. Of two more tests one is in the
    // first one's day or in the other's, at midnight, too.
    let reads = async |desk: &Desk| desk.calls().await.get("GetSecretValue").copied().unwrap_or_default();
    let mut refused = 0;
    for _ in 0..2 {
        let before = reads(&desk).await;
        let answer = desk.invoke("tenant-calls/test.json").await;
        if answer["tooMany"]["parameter"] == "TestsPerDay" {
            assert_eq!(reads(&desk).await, before, "no secret was read");
            refused += 1;
        } else {
            assert_eq!(answer["tested"]["report"]["ok"], true, "{answer}");
        }
    }
    assert!(refused > 0, "the limit was not checked");
    let tested = desk.said("connection tested").len();

    let mut other = read("tenant-calls/test.json");
    other["owner"] = "iam:AIDAMAX".into();
    assert_eq!(desk.function.invoke(&other).await.unwrap(), json!("notFound"));
    // What is not saved as a whole, or not saved any more, is tested for nobody.
    let store = desk.aws().store().unwrap();
    let mut connection = store.connection(id).await.unwrap().unwrap();
    for (lifecycle, answer) in [(Lifecycle::Pending, "unfinished"), (Lifecycle::Removing, "notFound")] {
        connection.lifecycle = lifecycle;
        connection = store.update(&connection).await.unwrap();
        assert_eq!(desk.invoke("tenant-calls/test.json").await, json!(answer));
    }
    for event in [json!({}), json!({ "test": id }), json!({ "test": id, "owner": "a", "clientSecret": "x" })]
    {
        let refused = desk.function.invoke(&event).await.unwrap();
        assert!(refused["errorType"].is_string(), "{event}: {refused}");
    }
    assert_eq!(desk.said("connection tested").len(), tested);
    assert!(!desk.function.output().unwrap().contains(&secret));
}
