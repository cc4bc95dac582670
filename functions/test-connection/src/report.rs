//! The report: its shape is a promise to everybody who reads it.

use graph_auth::Cause;
use serde::{Serialize, Serializer};

/// What a test found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TestReport {
    /// No check failed: the next sync works.
    pub ok: bool,
    /// Every check, in the order of [`CheckId::ALL`].
    pub checks: Vec<Check>,
    /// What the application may do.
    pub capabilities: Capabilities,
}

impl TestReport {
    /// The first check that failed; it carries the one cause and the one remedy.
    #[must_use]
    pub fn failure(&self) -> Option<&Check> {
        self.checks.iter().find(|check| check.status == Status::Failed)
    }
}

/// One check and its verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Which.
    pub id: CheckId,
    /// Its verdict.
    pub status: Status,
    /// What is wrong; only in the first check that failed.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "by_name")]
    pub cause: Option<Cause>,
    /// Microsoft's code, such as `AADSTS7000215` or `Forbidden`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The verdict in plain words.
    pub message: String,
    /// The one thing to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// The page where it is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// The cloud to choose in place of the chosen one, by its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cloud: Option<&'static str>,
}

/// The checks, by names that stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum CheckId {
    /// The values have the right form.
    Input,
    /// The tenant is in this cloud.
    Tenant,
    /// The application is in the tenant and may sign in.
    Application,
    /// Its secret is accepted.
    Credential,
    /// The application permissions that a sync needs are granted.
    Permissions,
    /// Incidents can be listed.
    Incidents,
    /// Alerts can be listed.
    Alerts,
    /// Changes can be written back (optional).
    WriteBack,
    /// Custom detection rules can be listed (optional).
    CustomDetections,
}

impl CheckId {
    /// All, in order.
    pub const ALL: [Self; 9] = [
        Self::Input,
        Self::Tenant,
        Self::Application,
        Self::Credential,
        Self::Permissions,
        Self::Incidents,
        Self::Alerts,
        Self::WriteBack,
        Self::CustomDetections,
    ];

    /// What people call it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Input => "Values",
            Self::Tenant => "Tenant",
            Self::Application => "Application",
            Self::Credential => "Client secret",
            Self::Permissions => "Permissions",
            Self::Incidents => "Read incidents",
            Self::Alerts => "Read alerts",
            Self::WriteBack => "Write back",
            Self::CustomDetections => "Custom detections",
        }
    }

    /// What the checks after it need of it, in the words "they need …".
    #[must_use]
    pub fn need(self) -> &'static str {
        match self {
            Self::Input => "values of the right form",
            Self::Tenant => "a known tenant",
            Self::Application => "a known application",
            Self::Credential => "a working secret",
            Self::Permissions => "the permissions",
            Self::Incidents => "readable incidents",
            Self::Alerts => "readable alerts",
            Self::WriteBack => "the permission to write back",
            Self::CustomDetections => "readable custom detections",
        }
    }
}

/// A verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// As it should be.
    Passed,
    /// A sync cannot work like this.
    Failed,
    /// A sync works; something is worth knowing.
    Warning,
    /// It could not be judged, or is optional and not granted.
    Skipped,
}

/// What the application may do; `None` (JSON `null`) where that is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Capabilities {
    /// Incidents were listed.
    pub read_incidents: Option<bool>,
    /// Alerts were listed.
    pub read_alerts: Option<bool>,
    /// Incidents may be changed. By the token's own words: a test changes nothing.
    pub write_back: Option<bool>,
    /// Custom detection rules were listed.
    pub custom_detections: Option<bool>,
}

impl Check {
    pub(crate) fn new(id: CheckId, status: Status, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { id, status, cause: None, code: None, message, remedy: None, link: None, cloud: None }
    }

    pub(crate) fn passed(id: CheckId, message: impl Into<String>) -> Self {
        Self::new(id, Status::Passed, message)
    }

    pub(crate) fn warning(id: CheckId, message: impl Into<String>) -> Self {
        Self::new(id, Status::Warning, message)
    }

    pub(crate) fn skipped(id: CheckId, message: impl Into<String>) -> Self {
        Self::new(id, Status::Skipped, message)
    }
}

#[expect(clippy::ref_option, clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn by_name<S: Serializer>(cause: &Option<Cause>, serializer: S) -> Result<S::Ok, S::Error> {
    cause.map(Cause::name).serialize(serializer)
}

/// Sees each check. It is behind a pointer, so that a test is compiled once and not once for each observer: one test
/// takes some 10 KB of a bootstrap.
pub(crate) type Observer<'a> = &'a mut (dyn FnMut(&Check) + Send);

/// A report as it grows: each check goes to the observer and stays.
pub(crate) struct Progress<'a> {
    checks: Vec<Check>,
    observer: Observer<'a>,
    pub(crate) capabilities: Capabilities,
}

impl<'a> Progress<'a> {
    pub(crate) fn new(observer: Observer<'a>) -> Self {
        Self { checks: Vec::new(), observer, capabilities: Capabilities::default() }
    }

    /// Shows a check that is not decided yet; the same check is added later.
    pub(crate) fn show(&mut self, check: &Check) {
        (self.observer)(check);
    }

    /// A later failure keeps its message and code; cause and remedy are the first one's.
    pub(crate) fn add(&mut self, mut check: Check) {
        if check.status == Status::Failed && self.failed().is_some() {
            check = Check { cause: None, remedy: None, link: None, cloud: None, ..check };
        }
        (self.observer)(&check);
        self.checks.push(check);
    }

    /// The report; what was not added could not be judged.
    pub(crate) fn finish(mut self) -> TestReport {
        let failed = self.failed();
        for id in CheckId::ALL {
            if self.checks.iter().all(|check| check.id != id) {
                let need = failed.map(CheckId::need).unwrap_or_default();
                self.add(Check::skipped(id, format!("Skipped: this check needs {need}.")));
            }
        }
        self.checks.sort_by_key(|check| check.id);
        TestReport { ok: failed.is_none(), checks: self.checks, capabilities: self.capabilities }
    }

    fn failed(&self) -> Option<CheckId> {
        self.checks.iter().find(|check| check.status == Status::Failed).map(|check| check.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_failure_carries_the_remedy_and_what_was_not_judged_says_so() {
        let mut shown = Vec::new();
        let mut observer = |check: &Check| shown.push(check.id);
        let mut progress = Progress::new(&mut observer);
        progress.add(Check::passed(CheckId::Input, "Good."));
        for (id, cause) in [(CheckId::Incidents, Cause::MicrosoftTrouble), (CheckId::Alerts, Cause::OurFault)]
        {
            let failed = Check::new(id, Status::Failed, "Bad.");
            progress.add(Check { cause: Some(cause), remedy: Some("Wait.".into()), ..failed });
        }
        let report = progress.finish();
        assert_eq!(shown.len(), CheckId::ALL.len());
        assert!(!report.ok);
        let failure = report.failure().unwrap();
        assert_eq!((failure.id, failure.cause), (CheckId::Incidents, Some(Cause::MicrosoftTrouble)));
        let json = serde_json::to_value(&report).unwrap();
        let ids: Vec<_> = json["checks"].as_array().unwrap().iter().map(|check| &check["id"]).collect();
        assert_eq!(ids[0], "input");
        assert_eq!(ids[8], "customDetections");
        assert_eq!(json["checks"][5]["cause"], "microsoft_trouble");
        assert_eq!(json["checks"][6], serde_json::json!({"id":"alerts","status":"failed","message":"Bad."}));
        assert_eq!(json["checks"][2]["status"], "skipped");
        assert_eq!(json["capabilities"]["readIncidents"], serde_json::Value::Null);
    }
}
