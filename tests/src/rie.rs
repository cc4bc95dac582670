//! A bootstrap under AWS's own Runtime Interface Emulator, as Lambda runs it.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, bail};
use graph_http::{HttpsTransport, Limits, Request, exchange};
use serde_json::Value;

use crate::server::{HUNG, Port, Server};

const LIMITS: Limits = Limits { time: HUNG, body: 1024 * 1024 };

/// Where the emulator and the bootstraps are.
#[derive(Clone, Debug)]
pub struct Tools {
    emulator: PathBuf,
    bootstraps: PathBuf,
}

impl Tools {
    /// From `SOC_ANYWHERE_RIE`, the emulator, and `SOC_ANYWHERE_BOOTSTRAPS`, the folder with the bootstraps;
    /// `tests/run.sh` sets both. `None` where they are not set: the caller skips its test.
    ///
    /// # Errors
    /// With `CI=true` they must be set.
    #[expect(clippy::disallowed_methods, reason = "this is the tests' reader of the environment")]
    pub fn from_env() -> anyhow::Result<Option<Self>> {
        let path = |name| std::env::var_os(name).map(PathBuf::from);
        if let (Some(emulator), Some(bootstraps)) =
            (path("SOC_ANYWHERE_RIE"), path("SOC_ANYWHERE_BOOTSTRAPS"))
        {
            return Ok(Some(Self { emulator, bootstraps }));
        }
        let missing = "SOC_ANYWHERE_RIE and SOC_ANYWHERE_BOOTSTRAPS are not set; tests/run.sh sets them";
        if std::env::var_os("CI").is_some_and(|ci| ci == "true") {
            bail!(missing);
        }
        // Not by a macro: the test harness keeps to itself what a passing test prints by one.
        writeln!(std::io::stderr(), "\n*** SKIPPED: {missing} ***\n")?;
        Ok(None)
    }

    /// Where the bootstrap of `function` is.
    #[must_use]
    pub fn bootstrap(&self, function: &str) -> PathBuf {
        self.bootstraps.join(function)
    }

    /// Starts `function` with these variables and no others but Lambda's.
    ///
    /// # Errors
    /// When the emulator ends, or does not listen.
    pub async fn start(&self, function: &str, variables: &[(&str, &str)]) -> anyhow::Result<Emulated> {
        let (port, api) = (Port::reserve()?, Port::reserve()?);
        let address = port.address;
        let mut command = Command::new(&self.emulator);
        command
            .args(["--log-level", "error", "--runtime-interface-emulator-address", &address.to_string()])
            .args(["--runtime-api-address", &api.address.to_string()])
            .arg(self.bootstrap(function))
            .env_clear()
            .env("AWS_LAMBDA_FUNCTION_NAME", function)
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            // Longer than in the template: a function that is slow on a busy machine is not hung.
            .env("AWS_LAMBDA_FUNCTION_TIMEOUT", HUNG.as_secs().to_string())
            .env("AWS_REGION", "eu-west-1")
            .envs(variables.iter().copied());
        let mut server = Server::spawn(command, vec![port, api])?;
        server.wait_until(async || tokio::net::TcpStream::connect(address).await.is_ok()).await?;
        Ok(Emulated { server, address })
    }
}

/// A function under the emulator; it ends when this is dropped. One invocation at a time.
#[derive(Debug)]
pub struct Emulated {
    server: Server,
    address: SocketAddr,
}

impl Emulated {
    /// Invokes the function.
    ///
    /// # Errors
    /// When the emulator does not answer with JSON.
    pub async fn invoke(&mut self, event: &Value) -> anyhow::Result<Value> {
        let uri = format!("http://{}/2015-03-31/functions/function/invocations", self.address);
        let mut request = Request::new(event.to_string().into());
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = uri.parse()?;
        let deadline = tokio::time::Instant::now() + LIMITS.time;
        let answer = exchange(&HttpsTransport::new(), request, LIMITS, deadline).await?;
        serde_json::from_slice(&answer.body)
            .with_context(|| format!("no JSON: {}", String::from_utf8_lossy(&answer.body)))
    }

    /// All that the function and the emulator have printed.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn output(&mut self) -> anyhow::Result<String> {
        self.server.output()
    }
}
