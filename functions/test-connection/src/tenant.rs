//! Is the tenant in this cloud? Entra's OpenID discovery says so to everybody, without a secret.
//!
//! `cloud_instance_name`, `tenant_region_scope` and `tenant_region_sub_scope` are in every discovery document
//! but in no documentation; public tools read them (`DODCON` is GCC High, `DOD` is US Government L5).
//! They name a cloud in a message and are the verdict only where the login hosts differ.

use std::fmt::Display;
use std::time::Duration;

use graph_auth::{Cause, Cloud, EntraError};
use graph_http::retry::Failure;
use graph_http::{Answer, Clock, Deadline, Fault, Limits, Loose, Request, Transport, exchange};
use http::{HeaderValue, Uri, header::ACCEPT};
use uuid::Uuid;

use crate::in_between::in_between;

/// Discovery is a cached document: what takes longer than this is not worth the token request's time.
const LIMITS: Limits = Limits { time: Duration::from_secs(5), body: Limits::SMALL.body };

/// 21Vianet's Entra (<https://learn.microsoft.com/graph/deployments>): asked only whether a tenant is there.
const CHINA_LOGIN: &str = "https://login.chinacloudapi.cn";

/// A place that a tenant may be in, whether it can be connected or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Home {
    Cloud(Cloud),
    China,
}

impl Home {
    pub(crate) fn cause(&self) -> Cause {
        match self {
            Self::Cloud(_) => Cause::WrongCloud,
            Self::China => Cause::CloudUnsupported,
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Cloud(cloud) => cloud.name(),
            Self::China => "Microsoft 365 operated by 21Vianet (China)",
        }
    }

    /// This one, where it is not the chosen one. A simulator may say of itself what it likes.
    pub(crate) fn other_than(self, chosen: &Cloud) -> Option<Self> {
        let same = matches!(chosen, Cloud::Simulated(_)) || self == Self::Cloud(chosen.clone());
        (!same).then_some(self)
    }

    /// Whether both are asked for tokens at the same host.
    pub(crate) fn shares_login_with(&self, chosen: &Cloud) -> bool {
        matches!(self, Self::Cloud(cloud) if cloud.endpoints().login == chosen.endpoints().login)
    }
}

/// What discovery said.
#[derive(Debug)]
pub(crate) enum Discovery {
    /// The tenant is there.
    Found {
        /// Which cloud the document names, where it names one.
        home: Option<Home>,
        /// Which part of the world.
        region: Option<String>,
    },
    /// It is not, or not here.
    Refused(Box<EntraError>),
    /// Nobody was asked, and no repetition changes that: a certificate, or a proxy, is in the way.
    Barred(Fault),
    /// No answer, or none of Entra's: the token request decides.
    Unclear(String),
}

#[derive(Default)]
struct Document {
    issuer: String,
    cloud_instance_name: String,
    tenant_region_scope: Option<String>,
    tenant_region_sub_scope: Option<String>,
}

/// Asks the Entra behind `uri` for `tenant_id`, once.
pub(crate) async fn discover<T: Transport>(
    transport: &T,
    clock: &Clock,
    uri: Uri,
    tenant_id: Uuid,
    deadline: Deadline,
) -> Discovery {
    let document = match ask(transport, clock, uri, deadline).await {
        Ok(document) => document,
        Err(no_document) => return no_document,
    };
    if document.tenant_id() != Some(tenant_id) {
        return Discovery::Unclear("the discovery document is not this tenant's".to_owned());
    }
    Discovery::Found { home: document.home(), region: document.region() }
}

/// The ID of the tenant that the Entra behind `uri` knows, where it knows one.
pub(crate) async fn id_of<T: Transport>(
    transport: &T,
    clock: &Clock,
    uri: Uri,
    deadline: Deadline,
) -> Option<Uuid> {
    ask(transport, clock, uri, deadline).await.ok()?.tenant_id()
}

async fn ask<T: Transport>(
    transport: &T,
    clock: &Clock,
    uri: Uri,
    deadline: Deadline,
) -> Result<Document, Discovery> {
    let mut request = Request::new("".into());
    *request.uri_mut() = uri;
    request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
    let answer = exchange(transport, request, LIMITS, deadline).await.map_err(|fault| {
        tracing::debug!(%fault, "discovery was not answered");
        match fault {
            Fault::Transport(_) if Failure::of_fault(&fault).is_none() => Discovery::Barred(fault),
            fault => Discovery::Unclear(fault.to_string()),
        }
    })?;
    if answer.status.is_success() {
        return Ok(Document::read(&answer));
    }
    let error = EntraError::of(&answer, clock.now());
    tracing::debug!(cause = error.cause().name(), %error, "discovery was refused");
    Err(match error.cause() {
        cause if is_about(cause) => Discovery::Refused(Box::new(error)),
        _ if error.is_entra_s() => Discovery::Unclear(format!("HTTP {}", error.status)),
        _ => Discovery::Unclear(in_between(error.status, error.leads_to.as_deref())),
    })
}

/// Whether a refusal is about the tenant, whatever else was asked.
pub(crate) fn is_about(cause: Cause) -> bool {
    matches!(
        cause,
        Cause::TenantNotFound | Cause::WrongCloud | Cause::TenantBlocked | Cause::TenantRestricted
    )
}

/// Where discovery of a tenant is at an Entra: by its ID, or by a domain of its own.
pub(crate) fn path(tenant: impl Display) -> String {
    format!("/{tenant}/v2.0/.well-known/openid-configuration")
}

/// Asks the other clouds for a tenant that `chosen` does not know.
pub(crate) async fn elsewhere<T: Transport>(
    transport: &T,
    clock: &Clock,
    chosen: &Cloud,
    tenant_id: Uuid,
    deadline: Deadline,
) -> Option<Home> {
    let path = path(tenant_id);
    let other = match chosen {
        Cloud::Global => Cloud::GccHigh,
        Cloud::GccHigh | Cloud::Dod => Cloud::Global,
        Cloud::Simulated(_) => return None,
    };
    let china = Uri::try_from(format!("{CHINA_LOGIN}{path}")).ok()?;
    let (there, in_china) = tokio::join!(
        discover(transport, clock, other.endpoints().login_uri(&path), tenant_id, deadline),
        discover(transport, clock, china, tenant_id, deadline),
    );
    let found = match (there, in_china) {
        (Discovery::Found { home, .. }, _) => home.unwrap_or(Home::Cloud(other)),
        (_, Discovery::Found { .. }) => Home::China,
        _ => return None,
    };
    (!found.shares_login_with(chosen)).then_some(found)
}

impl Document {
    fn read(answer: &Answer) -> Self {
        let text = String::from_utf8_lossy(&answer.body);
        let Some(document) = Loose::read(&text) else { return Self::default() };
        Self {
            issuer: document.text("issuer").unwrap_or_default(),
            cloud_instance_name: document.text("cloud_instance_name").unwrap_or_default(),
            tenant_region_scope: document.text("tenant_region_scope"),
            tenant_region_sub_scope: document.text("tenant_region_sub_scope"),
        }
    }

    /// `https://login.microsoftonline.com/{id}/v2.0`
    fn tenant_id(&self) -> Option<Uuid> {
        self.issuer.split('/').find_map(|part| Uuid::try_parse(part).ok())
    }

    fn home(&self) -> Option<Home> {
        let sub_scope = self.tenant_region_sub_scope.as_deref().unwrap_or_default();
        match self.cloud_instance_name.as_str() {
            "microsoftonline.us" if sub_scope == "DOD" => Some(Home::Cloud(Cloud::Dod)),
            "microsoftonline.us" => Some(Home::Cloud(Cloud::GccHigh)),
            "microsoftonline.com" => Some(Home::Cloud(Cloud::Global)),
            "partner.microsoftonline.cn" | "chinacloudapi.cn" => Some(Home::China),
            _ => None,
        }
    }

    fn region(&self) -> Option<String> {
        let region = self.tenant_region_scope.as_ref()?;
        let is_short = (1..=16).contains(&region.len()) && region.chars().all(|c| c.is_ascii_alphanumeric());
        is_short.then(|| region.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home(instance: &str, sub_scope: Option<&str>) -> Option<Home> {
        let sub_scope = sub_scope.map(str::to_owned);
        let document = Document {
            cloud_instance_name: instance.into(),
            tenant_region_sub_scope: sub_scope,
            ..Document::default()
        };
        document.home()
    }

    #[test]
    fn a_discovery_document_names_its_cloud() {
        assert_eq!(home("microsoftonline.com", None), Some(Home::Cloud(Cloud::Global)));
        assert_eq!(home("microsoftonline.com", Some("GCC")), Some(Home::Cloud(Cloud::Global)));
        assert_eq!(home("microsoftonline.us", Some("DODCON")), Some(Home::Cloud(Cloud::GccHigh)));
        assert_eq!(home("microsoftonline.us", Some("DOD")), Some(Home::Cloud(Cloud::Dod)));
        assert_eq!(home("partner.microsoftonline.cn", None), Some(Home::China));
        assert_eq!(home("", None), None);
    }

    #[test]
    fn an_odd_member_of_a_document_voids_no_other() {
        let body = "\u{feff}{\"issuer\":7,\"issuer\":\"https://login.microsoftonline.com/\
                    11111111-2222-3333-4444-555555555555/v2.0\",\"tenant_region_scope\":null,\
                    \"cloud_instance_name\":\"microsoftonline.us\",\"tenant_region_sub_scope\":[]";
        let (status, headers) = (http::StatusCode::OK, http::HeaderMap::new());
        let document = Document::read(&Answer { status, headers, body: body.into() });
        assert_eq!(document.tenant_id().unwrap().to_string(), "11111111-2222-3333-4444-555555555555");
        assert_eq!((document.home(), document.region()), (Some(Home::Cloud(Cloud::GccHigh)), None));
    }

    #[test]
    fn gcc_high_and_dod_share_a_login_host_and_no_other_two_do() {
        let shares = |home: Home, chosen: Cloud| home.shares_login_with(&chosen);
        assert!(shares(Home::Cloud(Cloud::Dod), Cloud::GccHigh));
        assert!(!shares(Home::Cloud(Cloud::Dod), Cloud::Global));
        assert!(!shares(Home::China, Cloud::Global));
    }
}
