//! Entra's refusals. Texts marked "recorded" are in `data/recorded`; the others are worded after
//! <https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes>, which says that texts
//! may change and are not to be parsed.

use fastrand::Rng;
use http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::seeds;
use crate::state::Asked;

/// An AADSTS code with the OAuth error and the HTTP status that it comes with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: u32,
    error: String,
    pub(crate) status: StatusCode,
    text: String,
    pub(crate) retry_after: Option<u32>,
}

impl Refusal {
    fn new(code: u32, error: &str, text: String) -> Self {
        // "401 for invalid_client", 400 for the others, in every recorded body.
        let status =
            if error == "invalid_client" { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST };
        Self { code, error: error.to_owned(), status, text, retry_after: None }
    }

    pub(crate) fn called(self, error: &str) -> Self {
        Self { error: error.to_owned(), ..self }
    }

    /// Recorded.
    pub(crate) fn tenant_not_found(tenant: &str) -> Self {
        let text = format!(
            "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant."
        );
        Self::new(90002, "invalid_request", text)
    }

    pub(crate) fn malformed_tenant(tenant: &str) -> Self {
        let text = format!(
            "Specified tenant identifier '{tenant}' is neither a valid DNS name, nor a valid external domain."
        );
        Self::new(900_023, "invalid_request", text)
    }

    pub(crate) fn shared_endpoint() -> Self {
        let text = "The grant type is not supported over the /common or /consumers endpoints. Please use the /organizations or tenant-specific endpoint.";
        Self::new(9_001_023, "invalid_request", text.to_owned())
    }

    pub(crate) fn missing_parameter(name: &str) -> Self {
        let text = format!("The request body must contain the following parameter: '{name}'.");
        Self::new(900_144, "invalid_request", text)
    }

    pub(crate) fn grant_type(grant_type: &str) -> Self {
        let text = format!("The app requested an unsupported grant type '{grant_type}'.");
        Self::new(70003, "unsupported_grant_type", text)
    }

    /// Recorded.
    pub(crate) fn scope(scope: &str) -> Self {
        let text = format!(
            "The provided value for scope {scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI)."
        );
        Self::new(1_002_012, "invalid_scope", text)
    }

    pub(crate) fn resource(resource: &str, tenant: Uuid) -> Self {
        let text = format!(
            "The resource principal named {resource} was not found in the tenant named {tenant}. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You might have sent your authentication request to the wrong tenant."
        );
        Self::new(500_011, "invalid_resource", text)
    }

    pub(crate) fn unknown_app(client: &str, tenant: Uuid) -> Self {
        let text = format!(
            "Application with identifier '{client}' was not found in the directory '{tenant}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant."
        );
        Self::new(700_016, "unauthorized_client", text)
    }

    /// Recorded.
    pub(crate) fn no_service_principal(client: &str, tenant: Uuid) -> Self {
        let text = format!(
            "The client application {client} is missing service principal in the tenant {tenant}. See instructions here: https://go.microsoft.com/fwlink/?linkid=2225119"
        );
        Self::new(7_000_229, "invalid_client", text)
    }

    pub(crate) fn app_disabled(client: &str, name: &str) -> Self {
        let text = format!("Application '{client}'({name}) is disabled.");
        Self::new(7_000_112, "unauthorized_client", text)
    }

    /// Recorded.
    pub(crate) fn wrong_secret(client: &str) -> Self {
        let text = format!(
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '{client}'."
        );
        Self::new(7_000_215, "invalid_client", text)
    }

    /// Recorded.
    pub(crate) fn expired_secret(client: &str) -> Self {
        let text = format!(
            "The provided client secret keys for app '{client}' are expired. Visit the Azure portal to create new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: https://aka.ms/certCreds."
        );
        Self::new(7_000_222, "invalid_client", text)
    }

    pub(crate) fn no_credential() -> Self {
        let text =
            "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
        Self::new(7_000_218, "invalid_client", text.to_owned())
    }

    /// A `client_assertion` that is refused, for the reason that the code stands for.
    pub(crate) fn assertion(code: u32, text: String) -> Self {
        Self::new(code, "invalid_client", text)
    }

    /// Conditional Access. The `error` that comes with it is not documented; `invalid_grant` is the one that
    /// user flows have.
    pub(crate) fn conditional_access() -> Self {
        let text = "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.";
        Self::new(53003, "invalid_grant", text.to_owned())
    }

    pub(crate) fn other_cloud(tenant: Uuid) -> Self {
        let text = format!(
            "Tenant '{tenant}' request is being redirected to the National Cloud 'MicrosoftOnline.US'."
        );
        Self::new(90038, "invalid_request", text)
    }

    pub(crate) fn trouble() -> Self {
        let text = "A transient error has occurred. Please try again.".to_owned();
        let status = StatusCode::SERVICE_UNAVAILABLE;
        Self { status, ..Self::new(90033, "temporarily_unavailable", text) }
    }

    pub(crate) fn throttled(tenant: Uuid, retry_after: Option<u32>) -> Self {
        let text = format!("The request rate for tenant '{tenant}' is too high. Please try again later.");
        let status = StatusCode::TOO_MANY_REQUESTS;
        Self { status, retry_after, ..Self::new(90055, "temporarily_unavailable", text) }
    }

    /// Any code at all.
    pub(crate) fn any(code: u32, error: &str, status: u16, client: &str, tenant: Uuid) -> Self {
        let text = format!("The request of application '{client}' in tenant '{tenant}' was refused.");
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        Self { status, ..Self::new(code, error, text) }
    }

    /// The trace id and the body.
    pub(crate) fn body(&self, ids: &mut Rng, asked: &Asked<'_>) -> (String, Value) {
        let trace = seeds::uuid(ids).to_string();
        let correlation = match asked.header("client-request-id") {
            Some(own) if own.parse::<Uuid>().is_ok() => own.to_owned(),
            _ => seeds::uuid(ids).to_string(),
        };
        let timestamp = asked.now.strftime("%Y-%m-%d %H:%M:%SZ").to_string();
        let code = self.code;
        let description = format!(
            "AADSTS{code}: {}\r\nTrace ID: {trace}\r\nCorrelation ID: {correlation}\r\nTimestamp: {timestamp}",
            self.text
        );
        let body = json!({
            "error": self.error,
            "error_description": description,
            "error_codes": [code],
            "timestamp": timestamp,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": format!("https://login.microsoftonline.com/error?code={code}"),
        });
        (trace, body)
    }
}
