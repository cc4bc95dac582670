//! The AWS clients of a bootstrap, without `aws-config`: Lambda puts region and credentials into the
//! environment, so there is nothing to look for.

mod attempts;
mod http;
mod invoke;
mod secrets;

use std::fmt::Debug;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use graph_http::{Clock, Transport};
use incident_store::dynamodb::{DynamoStore, Late, late};
use secrecy::ExposeSecret as _;

pub use attempts::DynamoAttempts;
pub use invoke::{Invoker, NotInvoked};
pub use secrets::SecretsManager;

use crate::{AwsSettings, BadSetting};

/// DynamoDB and Secrets Manager answer in milliseconds; what takes seconds is lost and asked again.
const ATTEMPT: Duration = Duration::from_secs(5);

/// An operation with all its attempts: well within a run's deadline.
const OPERATION: Duration = Duration::from_secs(20);

/// Waits of up to 50, 100, 200, 400, 800 and 1,600 ms, then of 2 s: up to 9 s in all. Of the requests to a table in
/// trouble a third may fail. Five attempts then give up on one operation in 240, and a first sync has hundreds; ten
/// attempts give up on one in 59,000. The SDK's own first wait of a second is longer than most syncs.
const ATTEMPTS: u32 = 10;
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// What the SDK does by default, as of this day; a newer SDK keeps to it.
fn behavior() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

/// The AWS clients, all over one HTTP client.
#[derive(Debug)]
pub struct Aws<'a> {
    settings: &'a AwsSettings,
    keys: Credentials,
    sdk: SdkConfig,
    dynamodb: Late<aws_sdk_dynamodb::Client>,
}

impl<'a> Aws<'a> {
    /// Calls nothing. `transport` is the process's one HTTP client: outside tests [`graph_http::HttpsTransport`],
    /// whose trust anchors are compiled in.
    ///
    /// # Errors
    /// [`BadSetting::Missing`] when there are no region or credentials.
    pub fn new<T: Transport + Debug + 'static>(
        settings: &'a AwsSettings,
        transport: T,
    ) -> Result<Self, BadSetting> {
        let region = settings.region.clone().ok_or(BadSetting::Missing("AWS_REGION"))?;
        let keys = settings.keys.as_ref().ok_or(BadSetting::Missing("AWS_ACCESS_KEY_ID"))?;
        let session = keys.session.as_ref().map(|token| token.expose_secret().to_owned());
        let secret = keys.secret.expose_secret();
        // Lambda renews them by starting the process anew, so they have no end here.
        let credentials = Credentials::new(&keys.id, secret, session, None, "environment");
        let retry = RetryConfig::standard()
            .with_max_attempts(ATTEMPTS)
            .with_initial_backoff(FIRST_WAIT)
            .with_max_backoff(LONGEST_WAIT);
        let timeouts =
            TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT).operation_timeout(OPERATION).build();
        let sdk = SdkConfig::builder()
            .behavior_version(behavior())
            .region(Region::new(region))
            .credentials_provider(SharedCredentialsProvider::new(credentials.clone()))
            .http_client(http::client(transport))
            .retry_config(retry)
            .timeout_config(timeouts);
        let mut sdk = sdk.build().into_builder();
        sdk.set_endpoint_url(settings.endpoint.clone());
        let sdk = sdk.build();
        let of_dynamodb = sdk.clone();
        let dynamodb = late(move || aws_sdk_dynamodb::Client::new(&of_dynamodb));
        Ok(Self { settings, keys: credentials, sdk, dynamodb })
    }

    /// The incident store in `SOC_ANYWHERE_TABLE`.
    ///
    /// # Errors
    /// [`BadSetting::Missing`] when no table is named.
    pub fn store(&self) -> Result<DynamoStore, BadSetting> {
        let table = self.settings.table.as_deref().ok_or(BadSetting::Missing("SOC_ANYWHERE_TABLE"))?;
        let store = DynamoStore::shared(self.dynamodb.clone(), table);
        Ok(match self.settings.retention {
            Some(retention) => store.with_retention(retention),
            None => store,
        })
    }

    /// Client secrets under `soc-anywhere/STACK/conn/`, with `SOC_ANYWHERE_STACK`.
    ///
    /// # Errors
    /// [`BadSetting::Missing`] when no stack is named.
    pub fn secrets(&self, clock: Clock) -> Result<SecretsManager, BadSetting> {
        let stack = self.settings.stack.as_deref().ok_or(BadSetting::Missing("SOC_ANYWHERE_STACK"))?;
        let sdk = self.sdk.clone();
        let client = late(move || aws_sdk_secretsmanager::Client::new(&sdk));
        let key = self.settings.secrets_key.clone();
        Ok(SecretsManager::new(client, format!("soc-anywhere/{stack}/conn/"), key, clock))
    }

    /// Attempts, counted in `SOC_ANYWHERE_TABLE`, with metrics of `SOC_ANYWHERE_STACK`.
    ///
    /// # Errors
    /// [`BadSetting::Missing`] when no table or no stack is named.
    pub fn attempts(&self, clock: Clock) -> Result<DynamoAttempts, BadSetting> {
        let table = self.settings.table.clone().ok_or(BadSetting::Missing("SOC_ANYWHERE_TABLE"))?;
        let stack = self.settings.stack.clone().ok_or(BadSetting::Missing("SOC_ANYWHERE_STACK"))?;
        Ok(DynamoAttempts::new(self.dynamodb.clone(), table, stack, clock))
    }

    /// The function that does what needs a secret: `SOC_ANYWHERE_TENANT_CALLS`.
    ///
    /// # Errors
    /// [`BadSetting::Missing`] when it is not named.
    pub fn tenant_calls<T: Transport>(&self, transport: T, clock: Clock) -> Result<Invoker<T>, BadSetting> {
        let alias = self.settings.tenant_calls.as_deref();
        let alias = alias.ok_or(BadSetting::Missing("SOC_ANYWHERE_TENANT_CALLS"))?;
        let region = self.settings.region.as_deref().unwrap_or_default();
        // The one partition that has a domain of its own: https://docs.aws.amazon.com/general/latest/gr/lambda-service.html
        let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        let own = format!("https://lambda.{region}.{domain}");
        let endpoint = self.settings.endpoint.as_deref().unwrap_or(&own);
        Ok(Invoker::new(transport, clock, endpoint, alias, region, self.keys.clone()))
    }

    /// The client for DynamoDB.
    #[must_use]
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        (**self.dynamodb).clone()
    }

    /// For clients of other services.
    #[must_use]
    pub fn sdk_config(&self) -> &SdkConfig {
        &self.sdk
    }
}
