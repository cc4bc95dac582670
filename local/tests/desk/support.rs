//! A tenant on a socket, the real binary, and a folder for its store.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use defender_sim::{Kind, Scenario, Simulator, TenantHandle, TenantSpec};
use graph_http::Clock;
use jiff::Timestamp;
use serde_json::Value;
use tokio::runtime::Runtime;

/// Entra's secrets look like this one, which stands in no other text.
pub(crate) const SENTINEL: &str = "S3n~fake~tinel+secret&value=%41_never.shown";

/// What has not come by then does not come: a busy machine needs long for all else.
const HUNG: Duration = Duration::from_secs(300);

/// An Entra and a Graph with one tenant.
pub(crate) struct Tenant {
    pub(crate) simulator: Arc<Simulator>,
    pub(crate) handle: TenantHandle,
    pub(crate) origin: String,
    /// Serves until it is dropped.
    _runtime: Runtime,
}

impl Tenant {
    pub(crate) fn new(scenario: Scenario) -> Self {
        Self::of(TenantSpec::new(7, scenario))
    }

    pub(crate) fn of(spec: TenantSpec) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let simulator = Arc::new(Simulator::new(7, Timestamp::now()));
        simulator.keep_requests(10_000);
        let handle = simulator.add_tenant(TenantSpec { secret: SENTINEL.to_owned(), ..spec });
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        runtime.spawn(defender_sim::serve(listener, simulator.clone(), Clock::system()));
        Self { simulator, handle, origin, _runtime: runtime }
    }

    /// The ids of all records that are visible now.
    pub(crate) fn ids(&self, kind: Kind) -> Vec<String> {
        let history = self.simulator.history(self.handle.tenant_id, kind);
        let mut ids: Vec<_> = history.into_iter().map(|version| version.id.to_string()).collect();
        ids.sort();
        ids.dedup();
        ids
    }

    pub(crate) fn tenant_id(&self) -> String {
        self.handle.tenant_id.to_string()
    }

    pub(crate) fn client_id(&self) -> String {
        self.handle.client_id.to_string()
    }
}

/// A folder with a store, and the binary that works on it.
pub(crate) struct Desk {
    pub(crate) folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), variables: Vec::new() }
    }

    /// One whose Entra and Graph are `tenant`'s.
    pub(crate) fn at(tenant: &Tenant) -> Self {
        Self::new()
            .with("SOC_ANYWHERE_LOGIN_URL", &tenant.origin)
            .with("SOC_ANYWHERE_GRAPH_URL", &tenant.origin)
            .with("SOC_ANYWHERE_CLIENT_SECRET", SENTINEL)
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.retain(|(other, _)| other != name);
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.folder.path().join("store.db")
    }

    /// On this desk's store.
    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = self.bare(line);
        if !line.contains("--store") {
            command.arg("--store").arg(self.store());
        }
        command
    }

    /// Without `--store`.
    pub(crate) fn bare(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_soc-anywhere"));
        command
            .args(line.split(' '))
            .env_clear()
            .env("XDG_DATA_HOME", self.folder.path().join("data"))
            .env("HOME", self.folder.path())
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, line: &str) -> Ran {
        Ran::of(self.command(line).output().unwrap())
    }

    /// With a line on standard input.
    pub(crate) fn run_with_input(&self, line: &str, input: &str) -> Ran {
        let mut command = self.command(line);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        Ran::of(child.wait_with_output().unwrap())
    }

    /// Enters the tenant's connection, whether it works or not, and gives its id.
    pub(crate) fn add(&self, tenant: &Tenant) -> String {
        let added = self.run(&format!("{} --no-test", add_line(tenant)));
        assert_eq!(added.code, 0, "{added:?}");
        added.out.trim().to_owned()
    }
}

pub(crate) fn add_line(tenant: &Tenant) -> String {
    let (tenant_id, client_id) = (tenant.tenant_id(), tenant.client_id());
    format!("connections add --tenant-id {tenant_id} --client-id {client_id} --name Fabrikam")
}

/// What a command left behind.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A running `serve`; it is ended with the test.
pub(crate) struct Served {
    child: Child,
    pub(crate) port: u16,
}

impl Served {
    pub(crate) fn start(desk: &Desk, line: &str) -> Self {
        let log = desk.folder.path().join("serve.log");
        let errors = std::fs::File::create(&log).unwrap();
        let mut child = desk.command(line).stdout(Stdio::piped()).stderr(errors).spawn().unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        let port = first.split("127.0.0.1:").nth(1).and_then(|rest| rest.split('/').next());
        let said = || std::fs::read_to_string(&log);
        let port = port.unwrap_or_else(|| panic!("no address in {first:?}: {:?}", said())).parse().unwrap();
        Self { child, port }
    }

    pub(crate) fn get(&self, path: &str) -> Response {
        self.request("GET", path, &[], "")
    }

    pub(crate) fn get_json(&self, path: &str) -> Value {
        let response = self.get(path);
        assert_eq!(response.status, 200, "{path}: {}", response.body);
        serde_json::from_str(&response.body).unwrap()
    }

    pub(crate) fn send(&self, method: &str, path: &str, body: &Value) -> Response {
        self.request(method, path, &[("content-type", "application/json")], &body.to_string())
    }

    pub(crate) fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Response {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(HUNG)).unwrap();
        write!(stream, "{method} {path} HTTP/1.1\r\nconnection: close\r\n").unwrap();
        if !headers.iter().any(|(name, _)| *name == "host") {
            write!(stream, "host: 127.0.0.1:{}\r\n", self.port).unwrap();
        }
        for (name, value) in headers {
            write!(stream, "{name}: {value}\r\n").unwrap();
        }
        write!(stream, "content-length: {}\r\n\r\n{body}", body.len()).unwrap();
        let mut text = Vec::new();
        stream.read_to_end(&mut text).unwrap();
        Response::parse(&String::from_utf8(text).unwrap())
    }

    /// Asks it to end, as a service manager does, and gives its exit code.
    pub(crate) fn end(mut self) -> Option<i32> {
        let ended = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(ended.success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An HTTP answer.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Response {
    fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let head = head.to_ascii_lowercase();
        let chunked = head.contains("transfer-encoding: chunked");
        let body = if chunked { dechunk(body) } else { body.to_owned() };
        Self { status, head, body }
    }

    /// A stream's events.
    pub(crate) fn events(&self) -> Vec<Value> {
        self.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn dechunk(mut text: &str) -> String {
    let mut whole = String::new();
    while let Some((size, rest)) = text.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        whole += &rest[..size];
        text = rest[size..].strip_prefix("\r\n").unwrap_or_default();
    }
    whole
}

/// Repeats `look` until it gives something.
pub(crate) fn eventually<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    repeated(what, look, || None)
}

/// The same of what `child` does, which must not end before.
pub(crate) fn while_running(child: &mut Child, what: &str, mut is_so: impl FnMut() -> bool) {
    repeated(what, || is_so().then_some(()), || child.try_wait().unwrap());
}

fn repeated<T>(
    what: &str,
    mut look: impl FnMut() -> Option<T>,
    mut ended: impl FnMut() -> Option<ExitStatus>,
) -> T {
    let began = Instant::now();
    loop {
        // Before the look: what a program did before its end is seen.
        let ended = ended();
        if let Some(found) = look() {
            return found;
        }
        assert_eq!(ended, None, "the program has ended: {what}");
        assert!(began.elapsed() < HUNG, "not within {HUNG:?}: {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Every file under `folder` and what it holds.
pub(crate) fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            let bytes = std::fs::read(&path).unwrap();
            found.push((path, bytes));
        }
    }
    found
}

/// Whether the sentinel, or its recognisable part, stands in `bytes`.
pub(crate) fn shows_secret(bytes: &[u8]) -> bool {
    bytes.windows(9).any(|window| window == b"tinel+sec" || window == b"tinel%2Bs")
}
