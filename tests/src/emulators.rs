//! An AWS for the desk, and a proxy before it that fails as AWS does. Each ends when it is dropped.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, bail, ensure};
use graph_http::{HttpsTransport, Limits, Request, exchange};
use lambda_support::{AwsSettings, Keys};
use serde_json::Value;
use tempfile::TempDir;

use crate::server::{HUNG, Port, Server};

const LIMITS: Limits = Limits { time: HUNG, body: 16 * 1024 * 1024 };

/// Where the emulators are.
#[derive(Clone, Debug)]
pub struct Emulators {
    ministack: PathBuf,
    microburst: PathBuf,
}

impl Emulators {
    /// From `SOC_ANYWHERE_MINISTACK` and `SOC_ANYWHERE_MICROBURST`; `tests/run.sh` sets both. `None` where they
    /// are not set: the caller skips its test.
    ///
    /// # Errors
    /// With `CI=true` they must be set.
    #[expect(clippy::disallowed_methods, reason = "this is the tests' reader of the environment")]
    pub fn from_env() -> anyhow::Result<Option<Self>> {
        let path = |name| std::env::var_os(name).map(PathBuf::from);
        if let (Some(ministack), Some(microburst)) =
            (path("SOC_ANYWHERE_MINISTACK"), path("SOC_ANYWHERE_MICROBURST"))
        {
            return Ok(Some(Self { ministack, microburst }));
        }
        let missing =
            "SOC_ANYWHERE_MINISTACK and SOC_ANYWHERE_MICROBURST are not set; tests/run.sh sets them";
        if std::env::var_os("CI").is_some_and(|ci| ci == "true") {
            bail!(missing);
        }
        // Not by a macro: the test harness keeps to itself what a passing test prints by one.
        writeln!(std::io::stderr(), "\n*** SKIPPED: {missing} ***\n")?;
        Ok(None)
    }

    /// An empty AWS.
    ///
    /// # Errors
    /// When it does not answer in time.
    pub async fn ministack(&self) -> anyhow::Result<Emulator> {
        let port = Port::reserve()?;
        let url = format!("http://{}", port.address);
        let mut command = Command::new(&self.ministack);
        command
            .env("GATEWAY_PORT", port.address.port().to_string())
            .env("BIND_HOST", "127.0.0.1")
            .env("MINISTACK_HOST", "127.0.0.1")
            .env("AWS_ENDPOINT_URL", &url)
            .env("LOG_LEVEL", "ERROR");
        let aws = Emulator::start(command, port, url, "/_ministack/health").await?;
        aws.warm_up().await?;
        Ok(aws)
    }

    /// A proxy before `upstream` that breaks what its rules say.
    ///
    /// # Errors
    /// When it does not answer in time.
    pub async fn microburst(&self, upstream: &Emulator) -> anyhow::Result<Emulator> {
        let port = Port::reserve()?;
        let url = format!("http://{}", port.address);
        let mut command = Command::new(&self.microburst);
        command.args(["-u", &upstream.url, "-p", &port.address.port().to_string()]);
        let proxy = Emulator::start(command, port, url, "/_microburst/health").await?;
        proxy.warm_up().await?;
        Ok(proxy)
    }
}

/// A running emulator or proxy.
#[derive(Debug)]
pub struct Emulator {
    /// Ended before the folder is removed.
    _server: Server,
    url: String,
    /// For what it leaves behind; removed after its end.
    _folder: TempDir,
}

impl Emulator {
    async fn start(mut command: Command, port: Port, url: String, health: &str) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        command.env("TMPDIR", folder.path());
        let mut server = Server::spawn(command, vec![port])?;
        server.wait_until(async || text(&url, http::Method::GET, health, "").await.is_ok()).await?;
        Ok(Self { _server: server, url, _folder: folder })
    }

    /// Sends one call. The first one makes a proxy read the descriptions of all of AWS's services, and an AWS load
    /// DynamoDB: up to three seconds of a CPU, which are longer than the product waits for an answer when the machine
    /// is busy.
    async fn warm_up(&self) -> anyhow::Result<()> {
        let mut request = Request::new("{}".to_owned().into());
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = self.url.parse()?;
        let scope =
            "Credential=test/20261129/eu-west-1/dynamodb/aws4_request, SignedHeaders=host, Signature=none";
        for (name, value) in [
            ("content-type", "application/x-amz-json-1.0".to_owned()),
            ("x-amz-target", "DynamoDB_20120810.ListTables".to_owned()),
            ("authorization", format!("AWS4-HMAC-SHA256 {scope}")),
        ] {
            request.headers_mut().insert(name, value.parse()?);
        }
        let deadline = tokio::time::Instant::now() + LIMITS.time;
        let answer = exchange(&HttpsTransport::new(), request, LIMITS, deadline).await?;
        ensure!(answer.status.is_success(), "the first call is refused: {}", answer.status);
        Ok(())
    }

    /// Where it answers.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What a bootstrap's environment says about it.
    #[must_use]
    pub fn settings(&self) -> AwsSettings {
        AwsSettings {
            region: Some("eu-west-1".into()),
            keys: Some(Keys { id: "test".into(), secret: "test".into(), session: None }),
            endpoint: Some(self.url.clone()),
            stack: Some("test".into()),
            ..AwsSettings::default()
        }
    }

    /// Gives a proxy these rules in place of those it had.
    ///
    /// # Errors
    /// When it does not take them.
    pub async fn set_rules(&self, rules: &Value) -> anyhow::Result<()> {
        self.call(http::Method::POST, "/_microburst/rules", &rules.to_string()).await?;
        Ok(())
    }

    /// What a proxy has done to whom: a line for each fault, its operation and its action.
    ///
    /// # Errors
    /// When it does not tell.
    pub async fn fired(&self) -> anyhow::Result<Vec<(String, String)>> {
        let body = self.call(http::Method::GET, "/_microburst/fired?limit=100000", "").await?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let fired = body.as_array().context("a list")?;
        Ok(fired.iter().map(|fault| (text(&fault["operation"]), text(&fault["action"]))).collect())
    }

    /// How often a proxy has done what to which operation since it started: [`Self::fired`] has the last 2,000 only.
    ///
    /// # Errors
    /// When it does not tell.
    pub async fn faults(&self) -> anyhow::Result<BTreeMap<(String, String), usize>> {
        let text = text(&self.url, http::Method::GET, "/_microburst/metrics", "").await?;
        let mut faults = BTreeMap::new();
        for line in text.lines().filter(|line| line.starts_with("microburst_faults_total{")) {
            // …{service="dynamodb",operation="GetItem",action="reset"} 3
            let parts: Vec<&str> = line.split('"').collect();
            let [_, _, _, operation, _, action, number] = parts[..] else { bail!("no fault: {line}") };
            let number: usize = number.trim_start_matches('}').trim().parse()?;
            *faults.entry((operation.to_owned(), action.to_owned())).or_default() += number;
        }
        Ok(faults)
    }

    async fn call(&self, method: http::Method, path: &str, body: &str) -> anyhow::Result<Value> {
        Ok(serde_json::from_str(&text(&self.url, method, path, body).await?)?)
    }
}

async fn text(url: &str, method: http::Method, path: &str, body: &str) -> anyhow::Result<String> {
    let mut request = Request::new(body.to_owned().into());
    *request.method_mut() = method;
    *request.uri_mut() = format!("{url}{path}").parse()?;
    let deadline = tokio::time::Instant::now() + LIMITS.time;
    let answer = exchange(&HttpsTransport::new(), request, LIMITS, deadline).await?;
    let text = String::from_utf8_lossy(&answer.body);
    ensure!(answer.status.is_success(), "{path}: {text}");
    Ok(text.into_owned())
}
