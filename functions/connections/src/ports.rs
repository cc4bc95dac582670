//! The library's ports, as they are on AWS.

use connections::Admin;
use graph_http::HttpsTransport;
use incident_store::dynamodb::DynamoStore;
use lambda_support::{DynamoAttempts, SecretsManager};

/// The ports on AWS.
pub(crate) type Desk = Admin<DynamoStore, SecretsManager, DynamoAttempts, HttpsTransport>;
