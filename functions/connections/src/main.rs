//! The function: enters, lists, changes and removes connections over HTTP.

mod cleaning;
mod function;
mod past;
mod ports;

use std::sync::Arc;

use connections::Admin;
use graph_http::{Clock, HttpsTransport};
use lambda_http::{Error, service_fn};
use lambda_support::{Aws, BadSetting, Callers, Config, meanwhile, report_panics, warm_up};
use test_connection::Tester;

use crate::function::Function;
use crate::ports::OverLambda;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    // As text: `main` prints an error by its `Debug`.
    let config = Config::from_env().map_err(|bad| bad.to_string())?;
    config.logs.start();
    report_panics();
    let function = Arc::new(build(config).map_err(|bad| bad.to_string())?);
    let warming = function.clone();
    meanwhile(async move { warm_up(&warming.desk.store).await });
    lambda_http::run(service_fn(move |request| function::handle(function.clone(), request))).await
}

/// Calls nothing.
fn build(config: Config) -> Result<Function, BadSetting> {
    let callers = Callers::of(&config)?;
    let (transport, clock) = (HttpsTransport::new(), Clock::system());
    let aws = Aws::new(&config.aws, transport.clone())?;
    let calls = OverLambda(aws.tenant_calls(transport.clone(), clock.clone())?);
    let desk = Admin {
        store: aws.store()?,
        vault: aws.secrets(clock.clone())?,
        attempts: aws.attempts(clock.clone())?,
        limits: config.limits,
        // The gateway waits 30 s at most, so consent is waited for by the page that calls.
        tester: Tester { egress: config.egress, ..Tester::new(transport, clock, config.endpoints) },
    };
    Ok(Function { desk, calls, callers })
}
