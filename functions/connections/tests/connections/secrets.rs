//! A secret that is easy to find goes everywhere a secret goes, and is looked for everywhere else.

use std::path::Path;

use defender_sim::{Scenario, TenantSpec};
use http_api::Limits;
use incident_store::{ConnectionId, SecretVault as _, sqlite::SqliteStore};
use serde_json::{Value, json};

use crate::support::{World, entry, logged, spec, with};

const SENTINEL: &str = "S3n~fake~tinel+secret&value=%41_never.shown";
const OTHER: &str = "0th~fake~tinel+secret&value=%41_never.shown";

/// In any of the forms in which it could be written out.
fn shows(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes).to_lowercase();
    ["8q~tinel", "8q%7etinel", "tinel+secret", "tinel%2bsecret", "never.shown"]
        .iter()
        .any(|part| text.contains(part))
}

#[tokio::test]
async fn no_answer_log_line_or_store_shows_a_secret_and_every_test_is_written_down() {
    let lines = logged();
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("store.db")).unwrap();
    let limits = Limits { owner: vec![], tenant: vec![], connections: u32::MAX };
    let world = World::with(limits, store).await;
    let tenant =
        world.simulator.add_tenant(TenantSpec { secret: SENTINEL.into(), ..spec(1, Scenario::Good) });
    world.simulator.add_secret(tenant.tenant_id, OTHER);
    let bad = world.tenant(2, Scenario::WrongSecret);

    let mut answers = vec![
        world.send("sentinel/zoe", "POST", "/test-connection", &entry(&tenant)).await,
        world.send("sentinel/zoe", "POST", "/connections", &entry(&tenant)).await,
        world.send("sentinel/zoe", "POST", "/connections", &entry(&tenant)).await,
        world
            .send("a", "POST", "/connections", &with(entry(&tenant), "clientSecret", [SENTINEL].as_slice()))
            .await,
        world.send("sentinel/zoe", "POST", "/connections", &with(entry(&tenant), SENTINEL, SENTINEL)).await,
        world.send("sentinel/zoe", "POST", "/connections", &with(entry(&tenant), "tenantId", SENTINEL)).await,
        world
            .send("sentinel/zoe", "POST", "/connections", &with(entry(&bad), "clientSecret", SENTINEL))
            .await,
        world
            .send(
                "sentinel/zoe",
                "POST",
                "/connections",
                &with(entry(&bad), "clientSecret", format!("\"{SENTINEL}\" x")),
            )
            .await,
    ];
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [200, 201, 409, 400, 400, 422, 422, 422]);
    let path = answers[1].header("location").to_owned();
    for scenario in [Scenario::EntraTrouble, Scenario::NoConsent, Scenario::Good] {
        world.simulator.set_scenario(tenant.tenant_id, scenario);
        answers.push(world.send("sentinel/zoe", "POST", &format!("{path}/test"), &Value::Null).await);
    }
    let new = json!({"clientSecret": OTHER, "saveAnyway": true});
    let put = world.send_if("sentinel/zoe", "PUT", &format!("{path}/credential"), Some("*"), &new).await;
    assert_eq!(put.status, 200, "{}", put.text);
    answers.push(put);
    let changes = json!({"name": "a name of its own", "intervalSeconds": 300});
    let answered = world.send_if("sentinel/zoe", "PATCH", &path, Some("*"), &changes).await;
    assert_eq!(answered.status, 200, "{}", answered.text);
    answers.push(world.send_if("sentinel/zoe", "PATCH", &path, Some("*"), &json!({"name": null})).await);
    answers.push(world.get("sentinel/zoe", &path).await);
    answers.push(world.get("sentinel/zoe", "/connections").await);
    // Its secret has gone, by another hand than ours.
    let id: ConnectionId = path.strip_prefix("/connections/").unwrap().parse().unwrap();
    world.desk.vault.remove(id).await.unwrap();
    answers.push(world.send("sentinel/zoe", "POST", &format!("{path}/test"), &Value::Null).await);
    answers.push(world.send("sentinel/zoe", "DELETE", &path, &Value::Null).await);
    for answer in &answers {
        assert!(!shows(answer.text.as_bytes()) && !shows(answer.headers.as_bytes()), "{}", answer.text);
    }
    for file in files(folder.path()) {
        assert!(!shows(&std::fs::read(&file).unwrap()), "{}", file.display());
    }

    let lines = lines.text();
    assert!(!shows(lines.as_bytes()), "{lines}");
    let audit: Vec<_> =
        lines.lines().filter(|line| line.contains("connection tested owner=\"sentinel\"")).collect();
    assert_eq!(audit.len(), 9, "{lines}");
    for line in &audit {
        assert!(
            line.contains("person=\"zoe\"") && line.contains("tenant=") && line.contains("client="),
            "{line}"
        );
    }
    for verdict in ["passed", "wrong_secret", "microsoft_trouble", "secret_missing"] {
        assert!(
            audit.iter().any(|line| line.contains(&format!("verdict=\"{verdict}\""))),
            "{verdict}: {lines}"
        );
    }
    // Who did what, by fields' names and without their values.
    assert!(!lines.contains("a name of its own"), "{lines}");
    let trail: Vec<_> =
        lines.lines().filter_map(|line| line.split_once("connection changed owner=\"sentinel\"")).collect();
    let told = ["entered", "secret replaced", "changed", "changed", "removed"];
    assert_eq!(trail.len(), told.len(), "{trail:?}");
    for ((_, line), what) in trail.iter().zip(told) {
        assert!(line.contains(&format!("person=\"zoe\" connection={id} what=\"{what}\"")), "{line}");
    }
    assert!(trail[2].1.contains("fields=\"name intervalSeconds\""), "{}", trail[2].1);
    assert!(shows(SENTINEL.as_bytes()) && shows(OTHER.as_bytes()), "it would be found");
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!files.is_empty());
    files
}
