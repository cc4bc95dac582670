//! The function: POST three values, get the report.

mod handler;

use std::sync::Arc;

use graph_http::{Clock, HttpsTransport};
use lambda_http::{Error, service_fn};
use lambda_support::{Aws, BadSetting, Callers, Config, report_panics};
use test_connection::Tester;

use crate::handler::{Counted, Function};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    // As text: `main` prints an error by its `Debug`.
    let config = Config::from_env().map_err(|bad| bad.to_string())?;
    config.logs.start();
    report_panics();
    let function = Arc::new(build(config).map_err(|bad| bad.to_string())?);
    lambda_http::run(service_fn(move |request| handler::handle(function.clone(), request))).await
}

/// Calls nothing. `SOC_ANYWHERE_UNCOUNTED=1` counts nobody's tests: then it runs by itself, under an emulator.
fn build(config: Config) -> Result<Function, BadSetting> {
    let (transport, clock) = (HttpsTransport::new(), Clock::system());
    let counted = if config.uncounted {
        None
    } else {
        let attempts = Aws::new(&config.aws, transport.clone())?.attempts(clock.clone())?;
        Some(Counted { attempts, callers: Callers::of(&config)? })
    };
    // The gateway waits 30 s at most, so consent is waited for by the page that calls.
    let tester = Tester { egress: config.egress, ..Tester::new(transport, clock, config.endpoints) };
    Ok(Function { tester, counted, limits: config.limits })
}
