//! What Microsoft's support asks for about one request.

use std::fmt;

use graph_auth::Cause;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The last try of a request, as far as it is known. Nothing of Graph's prose is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Evidence {
    /// What a person does about it.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// The HTTP status; `None` where nothing answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Graph's `error.code`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub graph_code: Option<String>,
    /// Graph's id of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Our id of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_request_id: Option<Uuid>,
}

impl fmt::Display for Evidence {
    /// `500 InternalServerError, request-id …, client-request-id …`, without what is not known.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.status.map(|status| match &self.graph_code {
            Some(code) => format!("{status} {code}"),
            None => status.to_string(),
        });
        let request = self.request_id.as_ref().map(|id| format!("request-id {id}"));
        let client = self.client_request_id.map(|id| format!("client-request-id {id}"));
        let known: Vec<String> = [status, request, client].into_iter().flatten().collect();
        f.write_str(&known.join(", "))
    }
}
