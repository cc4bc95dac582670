//! New incidents and new alerts.

use std::time::Duration;

use fastrand::Rng;
use serde_json::value::RawValue;

use super::cast::User;
use super::catalogue::{CATALOGUE, Template, spoken};
use super::documented::Documented;
use super::{Case, Change, Event, What, World, before};
use crate::model::{Alert, Incident, SEVERITIES, Text, alert_type};
use crate::seeds::{chance, pick, uuid, wait};
use crate::stamp::{self, Stamp};
use crate::table::Slot;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// What an incident's life may hold: how likely in a hundred, and after how long on the average.
const LIFE: &[(Change, u32, Duration)] = &[
    (Change::Assign, 65, HOUR),
    (Change::Begin, 45, Duration::from_secs(2 * 3600)),
    (Change::Progress, 60, Duration::from_secs(40 * 60)),
    (Change::Progress, 40, Duration::from_secs(5 * 3600)),
    (Change::Comment, 35, Duration::from_secs(3 * 3600)),
    (Change::Comment, 15, Duration::from_secs(9 * 3600)),
    (Change::Tag, 25, Duration::from_secs(4 * 3600)),
    (Change::Await, 4, Duration::from_secs(5 * 3600)),
    (Change::Prioritise, 50, Duration::from_secs(5 * 60)),
    (Change::Summarise, 20, Duration::from_secs(15 * 60)),
    (Change::Resolve, 70, Duration::from_secs(40 * 3600)),
];

impl World {
    pub(super) fn document(&mut self, number: usize) {
        let Documented { incident, alerts } = self.documented[number].clone();
        let visible = incident.last_update_date_time.timestamp();
        let alerts = alerts.into_iter().map(|alert| self.alerts.insert(alert, visible)).collect();
        let slot = self.incidents.insert(incident, visible);
        let (user, device) = (number % self.cast.users.len(), number % self.cast.devices.len());
        self.cases.push(Case { alerts, user, device, subject: "on one endpoint" });
        self.open.insert(slot);
    }

    pub(super) fn arrive(&mut self, at: i64, rng: &mut Rng) {
        let stamp = self.stamp(at, rng);
        let visible = stamp::timestamp(at);
        let first = template(rng);
        let (user, device) = (rng.usize(..self.cast.users.len()), rng.usize(..self.cast.devices.len()));
        let id = self.next_incident.to_string();
        self.next_incident += rng.u64(1..4);
        let mut count = match rng.u8(..100) {
            0..65 => 1,
            65..85 => 2,
            _ => rng.usize(3..6),
        };
        let mut alerts = Vec::with_capacity(count);
        let mut next = first;
        while count > 0 {
            let alert = self.alert(&id, next, (user, device), stamp, rng);
            alerts.push(self.alerts.insert(alert, visible));
            next = related(next, rng);
            count -= 1;
        }
        let incident = Incident {
            incident_web_url: self.incident_url(&id),
            id,
            tenant_id: self.cast.tenant_id.to_string(),
            status: "active".into(),
            redirect_incident_id: None,
            display_name: self.name(&alerts, first.subject),
            created_date_time: stamp,
            last_update_date_time: stamp,
            assigned_to: None,
            classification: "unknown".into(),
            determination: "unknown".into(),
            severity: self.severity(&alerts),
            custom_tags: Vec::new(),
            system_tags: if chance(rng, 6) { vec!["Defender Experts".to_owned()] } else { Vec::new() },
            description: None,
            last_modified_by: None,
            resolving_comment: None,
            summary: None,
            priority_score: None,
            comments: Vec::new(),
        };
        let slot = self.incidents.insert(incident, visible);
        self.cases.push(Case { alerts, user, device, subject: first.subject });
        self.open.insert(slot);
        self.plan(at, slot, rng);
    }

    /// Decides at its creation what an incident's life will hold.
    fn plan(&mut self, at: i64, slot: Slot, rng: &mut Rng) {
        let mut events = Vec::new();
        for (change, percent, mean) in LIFE {
            if chance(rng, *percent) {
                events.push((wait(rng, *mean), What::Change(slot, *change)));
            }
        }
        for _ in 0..*pick(rng, &[0, 0, 0, 1, 1, 2]) {
            events.push((wait(rng, 3 * HOUR), What::Join(slot)));
        }
        if chance(rng, self.generator.merged_percent) {
            events.push((wait(rng, 40 * MINUTE), What::Merge(slot)));
        }
        for (after, what) in events {
            let event = Event { seed: rng.u64(..), what };
            if self.lives_at(at + after) {
                self.add(at + after, event);
            }
        }
    }

    /// An alert that is found after the others, sometimes hours after what it is about.
    pub(super) fn join(&mut self, at: i64, incident: Slot, rng: &mut Rng) {
        let incident = self.target_of(incident);
        if !self.open.contains(&incident) {
            return;
        }
        let stamp = self.stamp(at, rng);
        let visible = stamp::timestamp(at);
        let id = self.incidents.record(incident).id.clone();
        let case = &self.cases[incident as usize];
        let (who, subject, first) = ((case.user, case.device), case.subject, case.alerts.first().copied());
        let before = first.and_then(|first| catalogued(&self.alerts.record(first).title));
        let template = match before {
            Some(before) => related(before, rng),
            None => template(rng),
        };
        let alert = self.alert(&id, template, who, stamp, rng);
        let alert = self.alerts.insert(alert, visible);
        self.cases[incident as usize].alerts.push(alert);
        let alerts = self.alerts_of(incident).to_vec();
        let (severity, name) = (self.severity(&alerts), self.name(&alerts, subject));
        self.edit_incident(incident, stamp, visible, |record| {
            record.severity = severity;
            record.display_name = name;
        });
    }

    /// The incident that an incident was merged into, at last.
    pub(super) fn target_of(&self, incident: Slot) -> Slot {
        let mut incident = incident;
        while let Some(target) = self.incidents.record(incident).redirect_incident_id.as_deref()
            && let Some(target) = self.incidents.find(target)
        {
            incident = target;
        }
        incident
    }

    fn alert(
        &self,
        incident: &str,
        template: &'static Template,
        (user, device): (usize, usize),
        stamp: Stamp,
        rng: &mut Rng,
    ) -> Alert {
        let id = alert_id(stamp, rng);
        let tenant_id = self.cast.tenant_id;
        let device = &self.cast.devices[device];
        let user: &User = &self.cast.users[user];
        let activity = rng.i64(20..4 * 3600);
        let evidence: Vec<_> = template
            .evidence
            .iter()
            .map(|kind| super::evidence::evidence(*kind, rng, &self.cast, (user, device), stamp))
            .collect();
        Alert {
            odata_type: alert_type(),
            provider_alert_id: id.strip_prefix("da").unwrap_or(&id).to_owned(),
            incident_id: incident.to_owned(),
            status: "new".into(),
            severity: template.severity.into(),
            classification: "unknown".into(),
            determination: "unknown".into(),
            service_source: template.service.into(),
            detection_source: template.source.into(),
            product_name: Some(template.product.into()),
            detector_id: uuid(rng).to_string(),
            tenant_id: tenant_id.to_string(),
            title: template.title.into(),
            description: template.description.into(),
            recommended_actions: template.actions.into(),
            category: template.category.into(),
            assigned_to: None,
            alert_web_url: format!("https://security.microsoft.com/alerts/{id}?tid={tenant_id}"),
            incident_web_url: self.incident_url(incident),
            actor_display_name: None,
            threat_display_name: template.threat.map(|(name, _)| name.into()),
            threat_family_name: template.threat.map(|(_, family)| family.into()),
            mitre_techniques: template.techniques.iter().map(|technique| (*technique).into()).collect(),
            created_date_time: stamp,
            last_update_date_time: stamp,
            resolved_date_time: None,
            first_activity_date_time: Stamp::new(before(stamp, activity), rng.u8(..=7)),
            last_activity_date_time: Stamp::new(before(stamp, rng.i64(0..activity)), rng.u8(..=7)),
            system_tags: Vec::new(),
            alert_policy_id: (template.source == "microsoftDefenderForOffice365")
                .then(|| uuid(rng).to_string()),
            investigation_state: (*pick(rng, &["queued", "running", "unsupportedAlertType"])).into(),
            comments: Vec::new(),
            custom_details: serde_json::Map::new(),
            evidence: serde_json::value::to_raw_value(&evidence)
                .unwrap_or_else(|_| RawValue::NULL.to_owned()),
            additional_data: serde_json::Map::new(),
            id,
        }
    }

    pub(super) fn incident_url(&self, id: &str) -> String {
        format!("https://security.microsoft.com/incident2/{id}/overview?tid={}", self.cast.tenant_id)
    }

    /// The highest severity among the alerts.
    pub(super) fn severity(&self, alerts: &[Slot]) -> Text {
        let rank = |severity: &str| SEVERITIES.iter().position(|known| *known == severity).unwrap_or(0);
        let severities = alerts.iter().map(|alert| &self.alerts.record(*alert).severity);
        severities.max_by_key(|severity| rank(severity)).cloned().unwrap_or_else(|| "unknown".into())
    }

    /// The name that Defender makes from the alerts.
    pub(super) fn name(&self, alerts: &[Slot], subject: &str) -> String {
        let records: Vec<&Alert> = alerts.iter().map(|alert| self.alerts.record(*alert)).collect();
        let Some(first) = records.first() else { return "Incident without alerts".to_owned() };
        let Some(other) = records.iter().find(|alert| alert.category != first.category) else {
            return format!("{} {subject}", first.title);
        };
        let (one, two) = (spoken(&first.category), spoken(&other.category));
        let sources = if records.iter().all(|alert| alert.service_source == first.service_source) {
            ""
        } else {
            " reported by multiple sources"
        };
        format!("Multi-stage incident involving {one} & {two} {subject}{sources}")
    }
}

/// `da637551227677560813_-961444813` (ticks of .NET and a hash) or `da<guid>_1`.
fn alert_id(stamp: Stamp, rng: &mut Rng) -> String {
    /// 100 ns steps from the year 1 to 1970.
    const DOTNET: i64 = 621_355_968_000_000_000;
    if chance(rng, 40) {
        format!("da{}_{}", stamp.ticks() + DOTNET, rng.i32(..))
    } else {
        format!("da{}_1", uuid(rng))
    }
}

fn template(rng: &mut Rng) -> &'static Template {
    let sum: u32 = CATALOGUE.iter().map(|template| template.weight).sum();
    let mut drawn = rng.u32(..sum);
    for template in CATALOGUE {
        if drawn < template.weight {
            return template;
        }
        drawn -= template.weight;
    }
    &CATALOGUE[0]
}

/// What comes after: as often as not the same again.
fn related(to: &'static Template, rng: &mut Rng) -> &'static Template {
    if chance(rng, 50) { to } else { template(rng) }
}

fn catalogued(title: &str) -> Option<&'static Template> {
    CATALOGUE.iter().find(|template| template.title == title)
}
