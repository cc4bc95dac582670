//! The function: finds what is due, and syncs it, itself or over a queue.

mod account;
mod handler;
mod operate;
mod queue;
mod tick;
mod work;

use std::sync::Arc;
use std::time::Duration;

use graph_auth::{EndpointOverride, TokenCache};
use graph_http::{Clock, HttpsTransport};
use graph_security::Graph;
use incident_store::dynamodb::{DynamoStore, late};
use incident_store::schedule::ATTEMPTED_EVERY;
use lambda_runtime::{LambdaEvent, service_fn};
use lambda_support::{Aws, BadSetting, Config, SecretsManager, meanwhile, report_panics, warm_up};
use sync_incidents::{Budget, Settings, Syncer};

use crate::queue::Queue;
use crate::work::Function;

/// What a run may need after its deadline: to write what it has read and its checkpoint, each with the SDK's
/// repetitions. No more than that, because a run that is killed keeps its lease: 20 s of work and these 20 s end
/// before the next tick, which is 60 s after this one. Clocks need no more room: Lambda's agree to milliseconds
/// (Amazon Time Sync), and a run that is late is stopped by the fence, not by the lease's end. A run that writes
/// nothing but its claim gives nothing back: the store lets its lease end halfway to the next turn.
const LEASE_MARGIN: Duration = Duration::from_secs(20);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    // As text: `main` prints an error by its `Debug`.
    let config = Config::from_env().map_err(|bad| bad.to_string())?;
    config.logs.start();
    report_panics();
    let function = Arc::new(build(&config).map_err(|bad| bad.to_string())?);
    let warming = function.clone();
    meanwhile(async move { warm_up(&warming.syncer.store).await });
    let handle = |event: LambdaEvent<_>| handler::handle(function.clone(), event);
    lambda_runtime::run(service_fn(handle)).await
}

/// Calls nothing.
fn build(config: &Config) -> Result<Function, BadSetting> {
    let (transport, clock) = (HttpsTransport::new(), Clock::system());
    let aws = Aws::new(&config.aws, transport.clone())?;
    let overridden = config.endpoints != EndpointOverride::default();
    let syncer: Syncer<DynamoStore, HttpsTransport, SecretsManager> = Syncer {
        store: aws.store()?,
        secrets: aws.secrets(clock.clone())?,
        graph: Graph { transport, clock, tokens: TokenCache::default() },
        endpoints: config.endpoints.clone(),
        settings: Settings {
            budget: if overridden { Budget::Unlimited } else { Budget::Microsoft },
            success_every: ATTEMPTED_EVERY,
            lease_margin: LEASE_MARGIN,
            seed: fastrand::u64(..),
        },
    };
    let queue = config.aws.queue.clone();
    let sdk = aws.sdk_config().clone();
    let queue = queue.map(|url| Queue { client: late(move || aws_sdk_sqs::Client::new(&sdk)), url });
    Ok(Function { syncer, queue })
}
