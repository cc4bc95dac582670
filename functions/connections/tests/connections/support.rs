//! A simulated tenant, the functions behind a socket, and a client that says who it is.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use defender_sim::{Generator, Scenario, Simulator, TenantHandle, TenantSpec};
use graph_auth::{EndpointOverride, PrivateHosts, TestOrigin};
use graph_http::{Clock, HttpsTransport};
use http_api::{Limits, MemoryAttempts, Window};
use incident_store::sqlite::SqliteStore;
use incident_store::{ConnectionId, MemoryVault};
use logging::testing::Lines;
use serde_json::{Value, json};
use test_connection::Tester;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::server::{self, Desk};

/// As long as a window of attempts that does not end while a test runs: the one that began in 1970.
pub(crate) const A_CENTURY: Duration = Duration::from_secs(100 * 365 * 86_400);

/// What is logged from now on, by all tests. It is the whole process's: which lines a thread's own subscriber gets
/// depends on the other tests' threads.
pub(crate) fn logged() -> &'static Lines {
    static LOGGED: OnceLock<Lines> = OnceLock::new();
    LOGGED.get_or_init(|| {
        let lines = Lines::default();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(lines.clone())
            .with_ansi(false)
            .finish();
        tracing::subscriber::set_global_default(subscriber).unwrap();
        lines
    })
}

/// Everything of one test; it ends with the test's runtime.
pub(crate) struct World {
    pub(crate) simulator: Arc<Simulator>,
    pub(crate) desk: Arc<Desk>,
    pub(crate) address: SocketAddr,
}

impl World {
    /// Where nobody is limited.
    pub(crate) async fn new() -> Self {
        let window = Window { length: Duration::from_secs(1), most: u32::MAX, parameter: None };
        Self::with(
            Limits { owner: vec![window], tenant: vec![window], connections: u32::MAX },
            SqliteStore::in_memory().unwrap(),
        )
        .await
    }

    pub(crate) async fn with(limits: Limits, store: SqliteStore) -> Self {
        let simulated = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let clock = Clock::system();
        let simulator = Arc::new(Simulator::new(7, clock.now()));
        let desk = Desk {
            store,
            vault: MemoryVault::default(),
            attempts: MemoryAttempts::default(),
            limits,
            tester: tester(simulated.local_addr().unwrap()),
        };
        tokio::spawn(defender_sim::serve(simulated, simulator.clone(), clock));
        let (desk, listener) = (Arc::new(desk), TcpListener::bind("127.0.0.1:0").await.unwrap());
        let address = listener.local_addr().unwrap();
        tokio::spawn(server::serve(listener, desk.clone()));
        Self { simulator, desk, address }
    }

    /// Tenant `seed` with few records.
    pub(crate) fn tenant(&self, seed: u64, scenario: Scenario) -> TenantHandle {
        self.simulator.add_tenant(spec(seed, scenario))
    }

    pub(crate) async fn send(&self, owner: &str, method: &str, path: &str, body: &Value) -> Answer {
        self.send_if(owner, method, path, None, body).await
    }

    /// The same for a connection as it was read.
    pub(crate) async fn send_if(
        &self,
        owner: &str,
        method: &str,
        path: &str,
        tag: Option<&str>,
        body: &Value,
    ) -> Answer {
        let mut headers = vec![("Authorization", format!("Bearer owner-{owner}"))];
        headers.extend(tag.map(|tag| ("If-Match", tag.to_owned())));
        let body = if body.is_null() { String::new() } else { body.to_string() };
        if !body.is_empty() {
            headers.push(("Content-Type", "application/json".to_owned()));
        }
        self.raw(method, path, &headers, body.as_bytes()).await
    }

    pub(crate) async fn raw(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, String)],
        body: &[u8],
    ) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let length = body.len();
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nHost: api\r\nConnection: close\r\nContent-Length: {length}\r\n"
        );
        for (name, value) in headers {
            request += &[name, ": ", value, "\r\n"].concat();
        }
        request += "\r\n";
        stream.write_all(&[request.as_bytes(), body].concat()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        Answer::of(&String::from_utf8(answer).unwrap())
    }

    pub(crate) async fn get(&self, owner: &str, path: &str) -> Answer {
        self.send(owner, "GET", path, &Value::Null).await
    }

    /// Enters `tenant` for `owner` and says its path.
    pub(crate) async fn enter(&self, owner: &str, tenant: &TenantHandle) -> String {
        let entered = self.send(owner, "POST", "/connections", &entry(tenant)).await;
        assert_eq!(entered.status, 201, "{}", entered.text);
        entered.header("location").to_owned()
    }

    /// The secret that a sync would read.
    pub(crate) async fn secret(&self, id: ConnectionId) -> Option<String> {
        secret(&self.desk.vault, id).await
    }
}

pub(crate) async fn secret(vault: &impl incident_store::ClientSecrets, id: ConnectionId) -> Option<String> {
    use secrecy::ExposeSecret as _;
    vault.client_secret(id, true).await.ok().map(|secret| secret.expose_secret().to_owned())
}

fn tester(simulator: SocketAddr) -> Tester<HttpsTransport> {
    let origin = TestOrigin::parse(&format!("http://{simulator}"), PrivateHosts::Refused).unwrap();
    let endpoints = EndpointOverride { login: Some(origin.clone()), graph: Some(origin) };
    Tester { seed: 1, ..Tester::new(HttpsTransport::new(), Clock::system(), endpoints) }
}

pub(crate) fn spec(seed: u64, scenario: Scenario) -> TenantSpec {
    let generator = Generator { incidents: 3, documented: false, ..Generator::default() };
    TenantSpec::new(seed, scenario).with_generator(generator)
}

pub(crate) fn entry(tenant: &TenantHandle) -> Value {
    json!({
        "tenantId": tenant.tenant_id,
        "clientId": tenant.client_id,
        "clientSecret": tenant.secret,
    })
}

pub(crate) fn with(mut body: Value, name: &str, value: impl Into<Value>) -> Value {
    body[name] = value.into();
    body
}

/// An answer over HTTP.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: String,
    pub(crate) text: String,
    pub(crate) json: Value,
}

impl Answer {
    fn of(answer: &str) -> Self {
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let json = serde_json::from_str(body).unwrap_or(Value::Null);
        Self { status, headers: head.to_owned(), text: body.to_owned(), json }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let mut lines = self.headers.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(other, _)| other.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value)
    }

    pub(crate) fn tag(&self) -> &str {
        self.header("etag")
    }

    pub(crate) fn id(&self) -> ConnectionId {
        let id = self.json.pointer("/connection/id").or(self.json.get("id")).unwrap();
        id.as_str().unwrap().parse().unwrap()
    }

    /// Checks that it is a problem of this status and kind.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, kind: &str) -> &Self {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.json["type"], format!("urn:soc-anywhere:problem:{kind}"), "{}", self.text);
        assert_eq!(self.json["status"], status);
        assert!(self.json["title"].is_string() && self.json["detail"].is_string(), "{}", self.text);
        self
    }
}
