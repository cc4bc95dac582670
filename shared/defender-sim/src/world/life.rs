//! What becomes of an incident: work on it, merging, closing.

use fastrand::Rng;
use jiff::Timestamp;
use serde_json::Value;

use super::{Change, World};
use crate::model::Comment;
use crate::seeds::{chance, pick};
use crate::stamp::{self, Stamp};
use crate::table::Slot;

const COMMENTS: &[&str] = &[
    "Looking into it.",
    "Confirmed with the user by phone: not theirs. Password reset, sessions revoked.",
    "Device isolated; waiting for the investigation package.",
    "Known scanner of the red team, see change 4711.",
    "Benutzer kontaktiert – Rückmeldung steht aus.",
    "Escalated to tier 2.\nSee the attached query.",
    "同じ送信者からの別のメールも隔離しました。",
];
const TAGS: &[&str] = &["Demo", "VIP", "Phishing wave 12", "Red team", "Zürich"];
const SUMMARIES: &[&str] = &[
    "Defender Experts has identified malicious activity. This incident has been raised for your awareness and should be investigated as usual.",
    "A user opened a link in a phishing message; minutes later a sign-in from an unfamiliar place followed.",
];

/// How a case ends: classification, determination, words.
const ENDS: &[(&str, &str, &str)] = &[
    ("truePositive", "phishing", "Messages removed, credentials reset."),
    ("truePositive", "malware", "Cleaned by antivirus; no further activity."),
    ("truePositive", "multiStagedAttack", "Contained. Lessons learned are in the wiki."),
    ("truePositive", "compromisedAccount", "Account recovered."),
    ("informationalExpectedActivity", "securityTesting", "Red team exercise."),
    ("informationalExpectedActivity", "lineOfBusinessApplication", "Nightly job of finance."),
    ("falsePositive", "notMalicious", "Benign."),
    ("falsePositive", "notEnoughDataToValidate", "Logs are no longer available."),
];

const CHANGES: &[Change] = &[
    Change::Assign,
    Change::Begin,
    Change::Comment,
    Change::Comment,
    Change::Tag,
    Change::Progress,
    Change::Progress,
    Change::Prioritise,
    Change::Resolve,
];

impl World {
    /// Something happens to one of the open incidents: one of the changes, or another alert.
    pub(super) fn touch(&mut self, at: i64, rng: &mut Rng) {
        let Some(incident) = self.some_open(rng) else { return };
        if chance(rng, 15) {
            self.join(at, incident, rng);
        } else {
            self.change(at, incident, *pick(rng, CHANGES), rng);
        }
    }

    pub(super) fn change(&mut self, at: i64, incident: Slot, change: Change, rng: &mut Rng) {
        if !self.open.contains(&incident) {
            return;
        }
        let stamp = self.stamp(at, rng);
        let visible = stamp::timestamp(at);
        let analyst = pick(rng, &self.cast.analysts).clone();
        match change {
            Change::Progress => return self.progress(incident, stamp, visible, rng),
            Change::Resolve => return self.resolve(incident, stamp, visible, &analyst, rng),
            _ => {}
        }
        let text = *pick(rng, COMMENTS);
        let tag = *pick(rng, TAGS);
        let summary = *pick(rng, SUMMARIES);
        let score = rng.i32(5..60);
        self.edit_incident(incident, stamp, visible, |record| {
            let by_hand = !matches!(change, Change::Prioritise | Change::Summarise);
            if by_hand {
                record.last_modified_by = Some(analyst.clone());
            }
            match change {
                Change::Assign => record.assigned_to = Some(analyst),
                Change::Begin => record.status = "inProgress".into(),
                Change::Await => record.status = "awaitingAction".into(),
                Change::Comment => record.comments.push(Comment {
                    comment: text.to_owned(),
                    created_by_display_name: analyst,
                    created_date_time: stamp,
                }),
                Change::Tag => {
                    if !record.custom_tags.iter().any(|known| known == tag) {
                        record.custom_tags.push(tag.to_owned());
                    }
                }
                Change::Summarise => record.summary = Some(summary.to_owned()),
                _ => {
                    let base = if record.severity == "high" { 40 } else { 0 };
                    record.priority_score = Some(base + score);
                }
            }
        });
    }

    /// The automated investigation of one alert goes on.
    fn progress(&mut self, incident: Slot, stamp: Stamp, visible: Timestamp, rng: &mut Rng) {
        let alerts = self.alerts_of(incident);
        if alerts.is_empty() {
            return;
        }
        let alert = *pick(rng, alerts);
        let state =
            *pick(rng, &["running", "pendingApproval", "partiallyRemediated", "successfullyRemediated"]);
        let remedy = *pick(rng, &["remediated", "pendingApproval", "partiallyRemediated", "notFound"]);
        self.edit_alert(alert, stamp, visible, |record| {
            record.investigation_state = state.into();
            record.last_activity_date_time = record.last_activity_date_time.max(stamp);
            if record.status == "new" {
                record.status = "inProgress".into();
            }
            let Ok(Value::Array(mut evidence)) = serde_json::from_str(record.evidence.get()) else { return };
            if let Some(first) = evidence.first_mut() {
                first["remediationStatus"] = remedy.into();
            }
            if let Ok(evidence) = serde_json::value::to_raw_value(&evidence) {
                record.evidence = evidence;
            }
        });
    }

    /// Closes an incident and its alerts, all at one instant.
    fn resolve(&mut self, incident: Slot, stamp: Stamp, visible: Timestamp, analyst: &str, rng: &mut Rng) {
        let (classification, determination, words) = *pick(rng, ENDS);
        for alert in self.alerts_of(incident).to_vec() {
            self.edit_only_alert(alert, stamp, visible, |record| {
                record.status = "resolved".into();
                record.classification = classification.into();
                record.determination = determination.into();
                record.assigned_to = Some(analyst.to_owned());
                record.resolved_date_time = Some(stamp);
            });
        }
        self.edit_incident(incident, stamp, visible, |record| {
            record.status = "resolved".into();
            record.classification = classification.into();
            record.determination = determination.into();
            record.resolving_comment = Some(words.to_owned());
            record.assigned_to.get_or_insert_with(|| analyst.to_owned());
            record.last_modified_by = Some(analyst.to_owned());
        });
        self.open.remove(&incident);
    }

    pub(super) fn bulk_close(&mut self, at: i64, most: u32, rng: &mut Rng) {
        let stamp = self.stamp(at, rng);
        let visible = stamp::timestamp(at);
        let analyst = pick(rng, &self.cast.analysts).clone();
        // The younger half stays: nobody closes what came in this morning unread.
        let half = self.open.len().div_ceil(2);
        let oldest: Vec<Slot> = self.open.iter().copied().take(half.min(most as usize)).collect();
        for incident in oldest {
            self.resolve(incident, stamp, visible, &analyst, rng);
        }
    }

    /// Merges an incident into another open one: its alerts move, it stays as `redirected`.
    pub(super) fn merge(&mut self, at: i64, source: Slot, rng: &mut Rng) {
        let others: Vec<Slot> = self.open.iter().copied().filter(|open| *open != source).collect();
        if others.is_empty() || !self.open.contains(&source) {
            return;
        }
        let target = *pick(rng, &others);
        let stamp = self.stamp(at, rng);
        let visible = stamp::timestamp(at);
        self.merge_into(source, target, stamp, visible);
    }

    /// The same between two given incidents.
    pub(crate) fn merge_into(&mut self, source: Slot, target: Slot, stamp: Stamp, visible: Timestamp) {
        let id = self.incidents.record(target).id.clone();
        let url = self.incident_url(&id);
        let moved = std::mem::take(&mut self.cases[source as usize].alerts);
        for alert in &moved {
            self.edit_only_alert(*alert, stamp, visible, |record| {
                record.incident_id.clone_from(&id);
                record.incident_web_url.clone_from(&url);
            });
        }
        self.edit_incident(source, stamp, visible, |record| {
            record.status = "redirected".into();
            record.redirect_incident_id = Some(id);
        });
        self.open.remove(&source);
        let case = &mut self.cases[target as usize];
        case.alerts.extend(moved);
        let (alerts, subject) = (case.alerts.clone(), case.subject);
        let (severity, name) = (self.severity(&alerts), self.name(&alerts, subject));
        self.edit_incident(target, stamp, visible, |record| {
            record.severity = severity;
            record.display_name = name;
        });
    }

    /// Keeps the set of open incidents true to a status that was set from outside.
    pub(crate) fn settle(&mut self, incident: Slot) {
        let record = self.incidents.record(incident);
        if matches!(record.status.as_ref(), "resolved" | "redirected") {
            self.open.remove(&incident);
        } else {
            self.open.insert(incident);
        }
    }
}
