//! Application permissions: which one opens which list.
//!
//! Names: <https://learn.microsoft.com/graph/permissions-reference>.

use crate::RecordKind;

/// Read incidents.
pub const INCIDENT_READ: &str = "SecurityIncident.Read.All";
/// Read and change incidents.
pub const INCIDENT_READ_WRITE: &str = "SecurityIncident.ReadWrite.All";
/// Read alerts.
pub const ALERT_READ: &str = "SecurityAlert.Read.All";
/// Read and change alerts.
pub const ALERT_READ_WRITE: &str = "SecurityAlert.ReadWrite.All";
/// Read custom detection rules. There is no `CustomDetectionsRead.All`, though guides name it.
pub const DETECTION_READ: &str = "CustomDetection.Read.All";
/// Read and change custom detection rules.
pub const DETECTION_READ_WRITE: &str = "CustomDetection.ReadWrite.All";

impl RecordKind {
    /// The least permission that is meant for the list.
    #[must_use]
    pub fn least_permission(self) -> &'static str {
        match self {
            Self::Incident => INCIDENT_READ,
            Self::Alert => ALERT_READ,
        }
    }

    /// Whether `roles` hold a permission that is meant for the list.
    #[must_use]
    pub fn is_granted_by(self, roles: &[String]) -> bool {
        match self {
            Self::Incident => holds(roles, &[INCIDENT_READ, INCIDENT_READ_WRITE]),
            Self::Alert => holds(roles, &[ALERT_READ, ALERT_READ_WRITE]),
        }
    }

    /// Whether a token with `roles` can read the list. The incidents' permissions open the alerts, too:
    /// Graph's own refusal lists them among "API required roles".
    #[must_use]
    pub fn is_readable_with(self, roles: &[String]) -> bool {
        self.is_granted_by(roles) || Self::Incident.is_granted_by(roles)
    }
}

/// Whether one of `names` is among `roles`.
fn holds(roles: &[String], names: &[&str]) -> bool {
    roles.iter().any(|role| names.contains(&role.as_str()))
}
