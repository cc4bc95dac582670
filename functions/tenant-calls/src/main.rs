//! The function without a route: does on request what needs a client secret that is kept. Today that is the test of a
//! saved connection.
//!
//! It is told ids only. It reads the connection from the table and checks again what allows the call: the owner, that
//! the connection is saved as a whole, and how often the owner has tested.

mod answer;

use std::sync::Arc;

use connections::{Admin, Call};
use graph_http::{Clock, HttpsTransport};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use lambda_support::{Aws, BadSetting, Config, meanwhile, report_panics, warm_up};
use test_connection::Tester;

use crate::answer::Desk;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    // As text: `main` prints an error by its `Debug`.
    let config = Config::from_env().map_err(|bad| bad.to_string())?;
    config.logs.start();
    report_panics();
    let desk = Arc::new(build(config).map_err(|bad| bad.to_string())?);
    let warming = desk.clone();
    meanwhile(async move { warm_up(&warming.store).await });
    let handle = |event: LambdaEvent<Call>| answer::to(desk.clone(), event.payload);
    lambda_runtime::run(service_fn(handle)).await
}

/// Calls nothing.
fn build(config: Config) -> Result<Desk, BadSetting> {
    let (transport, clock) = (HttpsTransport::new(), Clock::system());
    let aws = Aws::new(&config.aws, transport.clone())?;
    Ok(Admin {
        store: aws.store()?,
        vault: aws.secrets(clock.clone())?,
        attempts: aws.attempts(clock.clone())?,
        limits: config.limits,
        // What is saved was entered before, so nothing is waited for.
        tester: Tester { egress: config.egress, ..Tester::new(transport, clock, config.endpoints) },
    })
}
