//! What the two lists' answers and the token's roles say about permissions. The live call decides; the roles
//! explain.

use graph_auth::{Cause, Place};
use graph_security::permission::{
    ALERT_READ, ALERT_READ_WRITE, DETECTION_READ, DETECTION_READ_WRITE, INCIDENT_READ, INCIDENT_READ_WRITE,
};
use graph_security::{GraphError, Page, RecordKind};

use crate::explain::{Said, Subject};
use crate::report::{Check, CheckId};

/// What a sync can make use of; anything beyond it is more than needed.
const USEFUL: [&str; 5] = [INCIDENT_READ, INCIDENT_READ_WRITE, ALERT_READ, ALERT_READ_WRITE, DETECTION_READ];

/// How a list answered its first query.
#[derive(Debug)]
pub(crate) enum Access {
    /// With a page.
    Open {
        rows: usize,
        /// What a sync will meet though the page could be read.
        caveat: Option<&'static str>,
    },
    /// Consent is missing.
    NoConsent { none_granted: bool, said: Said },
    /// It refused, or did not answer.
    Refused { cause: Cause, said: Said },
    /// It was not asked.
    NotAsked,
}

impl Access {
    pub(crate) fn of(kind: RecordKind, answer: &Result<Page, GraphError>, roles: Option<&[String]>) -> Self {
        let error = match answer {
            Ok(page) => return Self::Open { rows: page.rows, caveat: caveat(page) },
            Err(error) => error,
        };
        let said = Said::by_graph(error);
        match error.cause_for(kind, roles) {
            Cause::NoPermissions => Self::NoConsent { none_granted: true, said },
            Cause::PermissionMissing => Self::NoConsent { none_granted: false, said },
            cause => Self::Refused { cause, said },
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        matches!(self, Self::Open { .. })
    }

    pub(crate) fn lacks_consent(&self) -> bool {
        matches!(self, Self::NoConsent { .. })
    }

    /// Whether asking on is of no use: it costs calls against a throttle, or time that is not there.
    pub(crate) fn ends_the_test(&self) -> bool {
        let hopeless = |cause: &Cause| {
            cause.is_about_the_network()
                || matches!(cause, Cause::Throttled | Cause::TokenRefused | Cause::WrongCloud)
        };
        matches!(self, Self::Refused { cause, .. } if hopeless(cause))
    }

    /// `None` where another try may tell.
    pub(crate) fn capability(&self) -> Option<bool> {
        match self {
            Self::Open { .. } => Some(true),
            Self::NoConsent { .. } | Self::Refused { cause: Cause::DefenderUnavailable, .. } => Some(false),
            Self::Refused { .. } | Self::NotAsked => None,
        }
    }

    /// The check of the list itself.
    pub(crate) fn check(&self, kind: RecordKind, subject: &Subject<'_>) -> Check {
        let (id, name) = match kind {
            RecordKind::Incident => (CheckId::Incidents, "incidents"),
            RecordKind::Alert => (CheckId::Alerts, "alerts"),
        };
        match self {
            Self::Open { caveat: Some(caveat), .. } => {
                Check::warning(id, format!("Graph lists the {name}, but {caveat}."))
            }
            Self::Open { rows: 0, .. } => Check::passed(
                id,
                format!("Graph lists the {name}; there are none yet in the time that a sync reads."),
            ),
            Self::Open { .. } => Check::passed(id, format!("Graph lists the {name}.")),
            Self::NoConsent { said, .. } => Check {
                code: said.code.clone(),
                ..Check::skipped(id, "Not judged: the permission is not granted.")
            },
            Self::Refused { cause, said } => subject.failed(id, *cause, said.clone()),
            Self::NotAsked => Check::skipped(id, "Not judged: Graph was not asked any more."),
        }
    }
}

fn caveat(page: &Page) -> Option<&'static str> {
    if page.partial {
        return Some("says that some of them are missing for now (206, Warning)");
    }
    if matches!(page.next, Some(Err(_))) {
        return Some("its link to the next page leads elsewhere and is not followed");
    }
    None
}

/// The check of the permissions, once both lists have answered.
pub(crate) fn judge(
    roles: Option<&[String]>,
    incidents: &Access,
    alerts: &Access,
    subject: &Subject<'_>,
) -> Check {
    let lists = [(RecordKind::Incident, incidents), (RecordKind::Alert, alerts)];
    let missing: Vec<_> = lists.iter().filter(|(_, access)| access.lacks_consent()).collect();
    if missing.is_empty() {
        let known = roles.is_some_and(is_enough);
        return match roles {
            Some(roles) if known || (incidents.is_open() && alerts.is_open()) => granted(roles, subject),
            None if incidents.is_open() && alerts.is_open() => {
                Check::passed(CheckId::Permissions, "Graph grants what a sync needs.")
            }
            _ => Check::skipped(CheckId::Permissions, "Not judged: Graph gave no answer about permissions."),
        };
    }
    let none_granted = |access: &Access| matches!(access, Access::NoConsent { none_granted: true, .. });
    let said = missing.iter().find_map(|(_, access)| match access {
        Access::NoConsent { said, .. } => Some(said.clone()),
        _ => None,
    });
    let cause = if missing.iter().all(|(_, access)| none_granted(access)) {
        Cause::NoPermissions
    } else {
        Cause::PermissionMissing
    };
    let names: Vec<_> = missing.iter().map(|(kind, _)| kind.least_permission()).collect();
    let detections = roles.is_none_or(|roles| !has(roles, &[DETECTION_READ, DETECTION_READ_WRITE]));
    needed(cause, &names, detections, said.unwrap_or_default(), subject)
}

/// A failure that names what is missing, exactly.
fn needed(cause: Cause, names: &[&str], detections: bool, said: Said, subject: &Subject<'_>) -> Check {
    let names = names.join(" and ");
    let optional = if detections {
        format!("; for custom detections also {DETECTION_READ} (optional)")
    } else {
        String::new()
    };
    let check = subject.failed(CheckId::Permissions, cause, said);
    let explanation = cause.explain();
    let (message, remedy) = if cause == Cause::NoPermissions {
        (format!("{} Needed: {names}{optional}.", explanation.message), explanation.remedy.to_owned())
    } else {
        (
            format!("Not granted as an application permission: {names}{optional}."),
            format!(
                "If you granted admin consent within the last minutes, try again in two minutes. Otherwise, \
                 under API permissions, add {names} as an Application permission of Microsoft Graph and grant \
                 admin consent."
            ),
        )
    };
    let write_back = "With write-back, the ReadWrite.All permissions take the place of Read.All.";
    Check { message: format!("{message} {write_back}"), remedy: Some(remedy), ..check }
}

/// The check where nothing is missing; more than is needed is a hint.
pub(crate) fn granted(roles: &[String], subject: &Subject<'_>) -> Check {
    let more: Vec<_> = roles.iter().filter(|role| !USEFUL.contains(&role.as_str())).collect();
    let message = format!("Granted: {}.", list(roles.iter()));
    if more.is_empty() {
        return Check::passed(CheckId::Permissions, message);
    }
    let more = list(more.into_iter());
    Check {
        remedy: Some(format!("Under API permissions, remove what nothing else uses: {more}.")),
        link: Some(subject.link(Place::AppPermissions)),
        ..Check::warning(CheckId::Permissions, format!("{message} More than needed: {more}."))
    }
}

/// Whether a token with `roles` can read both lists.
pub(crate) fn is_enough(roles: &[String]) -> bool {
    RecordKind::Incident.is_readable_with(roles) && RecordKind::Alert.is_readable_with(roles)
}

/// Writing back, which a test does not try: by the token's roles alone.
pub(crate) fn write_back(roles: Option<&[String]>) -> (Check, Option<bool>) {
    let id = CheckId::WriteBack;
    let Some(roles) = roles else {
        return (Check::skipped(id, "Not judged: the token does not show its permissions."), None);
    };
    let incidents = has(roles, &[INCIDENT_READ_WRITE]);
    let alerts = has(roles, &[ALERT_READ_WRITE]);
    let check = match (incidents, alerts) {
        (true, true) => Check::passed(id, "Changes to incidents and alerts may be written back."),
        (true, false) => Check::passed(
            id,
            format!("Changes to incidents may be written back; those to alerts need {ALERT_READ_WRITE}."),
        ),
        (false, _) => Check::skipped(
            id,
            format!("Not granted: {INCIDENT_READ_WRITE}, which write-back needs and a sync does not."),
        ),
    };
    (check, Some(incidents))
}

/// Custom detections: optional, so never a failure, and not granted no warning.
pub(crate) fn custom_detections(
    answer: &Result<(), GraphError>,
    roles: Option<&[String]>,
    subject: &Subject<'_>,
) -> (Check, Option<bool>) {
    let id = CheckId::CustomDetections;
    let error = match answer {
        Ok(()) => return (Check::passed(id, "Graph lists the custom detection rules."), Some(true)),
        Err(error) => error,
    };
    let granted = roles.map(|roles| has(roles, &[DETECTION_READ, DETECTION_READ_WRITE]));
    let refused = matches!(error, GraphError::MissingRoles { .. } | GraphError::Forbidden(_));
    if refused && granted != Some(true) {
        let check = Check {
            remedy: Some(format!(
                "If custom detections are wanted: under API permissions, add {DETECTION_READ} (there is no \
                 CustomDetectionsRead.All) as an Application permission and grant admin consent."
            )),
            link: Some(subject.link(Place::AppPermissions)),
            ..Check::skipped(id, format!("Not granted: {DETECTION_READ}, which is optional."))
        };
        return (check, Some(false));
    }
    let said = Said::by_graph(error);
    let message = "Graph did not list the custom detection rules, which are optional and a beta API.";
    let check = Check { code: said.code, ..Check::warning(id, message) };
    (check, refused.then_some(false))
}

fn has(roles: &[String], names: &[&str]) -> bool {
    roles.iter().any(|role| names.contains(&role.as_str()))
}

/// Names of permissions, and nothing else that a token might carry; the first twelve.
fn list<'a>(roles: impl Iterator<Item = &'a String>) -> String {
    let is_name =
        |role: &&String| role.len() <= 64 && role.chars().all(|c| c.is_ascii_alphanumeric() || c == '.');
    let names: Vec<_> = roles.filter(is_name).map(String::as_str).collect();
    match names.len() {
        0 => "nothing".to_owned(),
        1..=12 => names.join(", "),
        all => format!("{} and {} more", names[..12].join(", "), all - 12),
    }
}
