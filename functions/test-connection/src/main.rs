//! The function: POST three values, get the report.

mod handler;

use std::sync::Arc;

use graph_http::{Clock, HttpsTransport};
use http_api::Limits;
use lambda_http::{Error, service_fn};
use lambda_support::{Aws, BadSetting, Config, report_panics};
use test_connection::Tester;

use crate::handler::Function;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    // As text: `main` prints an error by its `Debug`.
    let config = Config::from_env().map_err(|bad| bad.to_string())?;
    config.logs.start();
    report_panics();
    let function = Arc::new(build(config).map_err(|bad| bad.to_string())?);
    lambda_http::run(service_fn(move |request| handler::handle(function.clone(), request))).await
}

/// Calls nothing. Without a table tests are not counted: then it runs by itself, under an emulator.
fn build(config: Config) -> Result<Function, BadSetting> {
    let transport = HttpsTransport::new();
    let attempts = match config.aws.table {
        Some(_) => Some(Aws::new(&config.aws, transport.clone())?.attempts()?),
        None => None,
    };
    // The gateway waits 30 s at most, so consent is waited for by the page that calls.
    let tester = Tester::new(transport, Clock::system(), config.endpoints);
    let tester = Tester { egress: config.egress, ..tester };
    Ok(Function { tester, attempts, limits: Limits::default(), owner_claim: config.owner_claim })
}
