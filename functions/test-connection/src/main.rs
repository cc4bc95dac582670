//! The function: POST three values, get the report.

mod handler;

use std::sync::Arc;
use std::time::Duration;

use graph_http::{Clock, HttpsTransport};
use lambda_http::service_fn;
use lambda_support::{Config, report_panics};
use test_connection::Tester;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    // As text: `main` prints an error by its `Debug`.
    let config = Config::from_env().map_err(|bad| bad.to_string())?;
    config.logs.start("test_connection");
    report_panics();
    let tester = Arc::new(Tester {
        transport: HttpsTransport::new(),
        clock: Clock::system(),
        endpoints: config.endpoints,
        egress: config.egress,
        // The gateway waits 30 s at most, so consent is waited for by the page that calls.
        consent_wait: Duration::ZERO,
        seed: fastrand::u64(..),
    });
    lambda_http::run(service_fn(move |request| handler::handle(tester.clone(), request))).await
}
