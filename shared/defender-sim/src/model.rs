//! The records, in the order of the documentation's samples.
#![expect(clippy::struct_field_names, reason = "the names are Graph's")]

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::stamp::Stamp;

/// An enum member or another short text: most are constants.
pub(crate) type Text = Cow<'static, str>;

/// [`incident`](https://learn.microsoft.com/en-us/graph/api/resources/security-incident)
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Incident {
    pub(crate) id: String,
    pub(crate) tenant_id: String,
    pub(crate) status: Text,
    pub(crate) incident_web_url: String,
    pub(crate) redirect_incident_id: Option<String>,
    pub(crate) display_name: String,
    pub(crate) created_date_time: Stamp,
    pub(crate) last_update_date_time: Stamp,
    pub(crate) assigned_to: Option<String>,
    pub(crate) classification: Text,
    pub(crate) determination: Text,
    pub(crate) severity: Text,
    pub(crate) custom_tags: Vec<String>,
    pub(crate) system_tags: Vec<String>,
    pub(crate) description: Option<String>,
    pub(crate) last_modified_by: Option<String>,
    pub(crate) resolving_comment: Option<String>,
    pub(crate) summary: Option<String>,
    pub(crate) priority_score: Option<i32>,
    pub(crate) comments: Vec<Comment>,
}

/// [`alert`](https://learn.microsoft.com/en-us/graph/api/resources/security-alert)
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Alert {
    #[serde(rename = "@odata.type", default = "alert_type")]
    pub(crate) odata_type: Text,
    pub(crate) id: String,
    pub(crate) provider_alert_id: String,
    pub(crate) incident_id: String,
    pub(crate) status: Text,
    pub(crate) severity: Text,
    pub(crate) classification: Text,
    pub(crate) determination: Text,
    pub(crate) service_source: Text,
    pub(crate) detection_source: Text,
    #[serde(default)]
    pub(crate) product_name: Option<Text>,
    pub(crate) detector_id: String,
    pub(crate) tenant_id: String,
    pub(crate) title: Text,
    pub(crate) description: Text,
    pub(crate) recommended_actions: Text,
    pub(crate) category: Text,
    pub(crate) assigned_to: Option<String>,
    pub(crate) alert_web_url: String,
    pub(crate) incident_web_url: String,
    pub(crate) actor_display_name: Option<Text>,
    pub(crate) threat_display_name: Option<Text>,
    pub(crate) threat_family_name: Option<Text>,
    pub(crate) mitre_techniques: Vec<Text>,
    pub(crate) created_date_time: Stamp,
    pub(crate) last_update_date_time: Stamp,
    pub(crate) resolved_date_time: Option<Stamp>,
    pub(crate) first_activity_date_time: Stamp,
    pub(crate) last_activity_date_time: Stamp,
    pub(crate) system_tags: Vec<String>,
    #[serde(default)]
    pub(crate) alert_policy_id: Option<String>,
    #[serde(default = "unsupported_alert_type")]
    pub(crate) investigation_state: Text,
    pub(crate) comments: Vec<Comment>,
    #[serde(default)]
    pub(crate) custom_details: serde_json::Map<String, serde_json::Value>,
    /// Serialised once: evidence is most of an alert's body and seldom changes.
    pub(crate) evidence: Box<RawValue>,
    #[serde(default)]
    pub(crate) additional_data: serde_json::Map<String, serde_json::Value>,
}

/// [`alertComment`](https://learn.microsoft.com/en-us/graph/api/resources/security-alertcomment)
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Comment {
    pub(crate) comment: String,
    pub(crate) created_by_display_name: String,
    pub(crate) created_date_time: Stamp,
}

pub(crate) fn alert_type() -> Text {
    "#microsoft.graph.security.alert".into()
}

fn unsupported_alert_type() -> Text {
    "unsupportedAlertType".into()
}

pub(crate) const SEVERITIES: &[&str] =
    &["unknown", "informational", "low", "medium", "high", "unknownFutureValue"];

pub(crate) const INCIDENT_STATUSES: &[&str] =
    &["active", "resolved", "inProgress", "redirected", "unknownFutureValue", "awaitingAction"];

pub(crate) const ALERT_STATUSES: &[&str] =
    &["unknown", "new", "inProgress", "resolved", "unknownFutureValue"];

pub(crate) const CLASSIFICATIONS: &[&str] =
    &["unknown", "falsePositive", "truePositive", "informationalExpectedActivity", "unknownFutureValue"];

/// The metadata's names, then those that the documentation pages have instead.
pub(crate) const DETERMINATIONS: &[&str] = &[
    "unknown",
    "apt",
    "malware",
    "securityPersonnel",
    "securityTesting",
    "unwantedSoftware",
    "other",
    "multiStagedAttack",
    "compromisedAccount",
    "phishing",
    "maliciousUserActivity",
    "notMalicious",
    "notEnoughDataToValidate",
    "confirmedActivity",
    "lineOfBusinessApplication",
    "unknownFutureValue",
    "compromisedUser",
    "clean",
    "insufficientData",
    "confirmedUserActivity",
];

pub(crate) const SERVICE_SOURCES: &[&str] = &[
    "unknown",
    "microsoftDefenderForEndpoint",
    "microsoftDefenderForIdentity",
    "microsoftDefenderForCloudApps",
    "microsoftDefenderForOffice365",
    "microsoft365Defender",
    "azureAdIdentityProtection",
    "microsoftAppGovernance",
    "dataLossPrevention",
    "unknownFutureValue",
    "microsoftDefenderForCloud",
    "microsoftSentinel",
    "microsoftInsiderRiskManagement",
    "microsoftThreatIntelligence",
    "microsoftSecurityForAI",
];
