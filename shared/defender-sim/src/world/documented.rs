//! The documentation's own records, moved to this tenant and to the days before its start.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use uuid::Uuid;

use crate::model::{Alert, Incident};
use crate::stamp::Stamp;

const EXPANDED: &str = include_str!("../../data/documented/incidents_list_expand_alerts.v1.0.response.json");
const ALERTS: &str = include_str!("../../data/documented/alerts_v2_list.v1.0.response.json");
const ALERT: &str = include_str!("../../data/documented/alert_v2_get.v1.0.response.json");
const SENTINEL: &str = include_str!("../../data/documented/alerts_v2_list_sentinel.v1.0.response.json");

/// The tenants of the samples.
const TENANTS: [&str; 2] = ["cfcdbe43-297b-4c6b-ac7e-8d7f6befb514", "b3c1b5fc-828c-45fa-a1e1-10d74f6d6e9c"];

/// One incident of the samples with its alerts.
#[derive(Clone, Debug)]
pub(crate) struct Documented {
    pub(super) incident: Incident,
    pub(super) alerts: Vec<Alert>,
}

impl Documented {
    pub(crate) fn visible(&self) -> Stamp {
        self.incident.last_update_date_time
    }
}

/// Incident 29 as documented; 28282 and 33, of which only alerts are, around those.
pub(crate) fn records(tenant_id: Uuid, start: Timestamp) -> Vec<Documented> {
    let sample = |text: &str| -> Option<Value> {
        let mut text = text.to_owned();
        for tenant in TENANTS {
            text = text.replace(tenant, &tenant_id.to_string());
        }
        serde_json::from_str(&text).ok()
    };
    let first = |sample: Value| sample.pointer("/value/0").cloned();
    let of_29 = || {
        let whole = sample(EXPANDED).and_then(first)?;
        let alerts = whole.get("alerts")?.as_array()?.clone();
        moved(Some(whole), alerts, start, 2)
    };
    let of_28282 = || moved(None, vec![sample(ALERTS).and_then(first)?, sample(ALERT)?], start, 5);
    let of_33 = || moved(None, vec![sample(SENTINEL).and_then(first)?], start, 9);
    [of_28282(), of_33(), of_29()].into_iter().flatten().collect()
}

/// Moves all dates by the same number of days, so that the last is about `days` before the start.
fn moved(incident: Option<Value>, alerts: Vec<Value>, start: Timestamp, days: i64) -> Option<Documented> {
    let updated = |value: &Value| Stamp::parse(value.get("lastUpdateDateTime")?.as_str()?);
    let last = alerts.iter().chain(&incident).filter_map(updated).max()?;
    let gap = start.duration_since(last.timestamp()).as_secs().div_euclid(86_400) - days;
    let by = SignedDuration::from_hours(gap * 24);
    let alerts: Vec<Alert> = alerts
        .into_iter()
        .filter_map(|mut alert| {
            move_dates(&mut alert, by);
            serde_json::from_str(&alert.to_string()).ok()
        })
        .collect();
    let incident = match incident {
        Some(mut incident) => {
            move_dates(&mut incident, by);
            serde_json::from_value(incident).ok()?
        }
        None => around(&alerts)?,
    };
    Some(Documented { incident, alerts })
}

fn move_dates(value: &mut Value, by: SignedDuration) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| move_dates(item, by)),
        Value::Object(members) => {
            for (name, member) in members {
                match member.as_str().filter(|_| name.ends_with("DateTime")).and_then(Stamp::parse) {
                    Some(stamp) => *member = stamp.moved(by).to_string().into(),
                    None => move_dates(member, by),
                }
            }
        }
        _ => {}
    }
}

fn around(alerts: &[Alert]) -> Option<Incident> {
    let first = alerts.first()?;
    Some(Incident {
        id: first.incident_id.clone(),
        tenant_id: first.tenant_id.clone(),
        status: "active".into(),
        incident_web_url: first.incident_web_url.clone(),
        redirect_incident_id: None,
        display_name: format!("{} on one endpoint", first.title),
        created_date_time: alerts.iter().map(|alert| alert.created_date_time).min()?,
        last_update_date_time: alerts.iter().map(|alert| alert.last_update_date_time).max()?,
        assigned_to: None,
        classification: "unknown".into(),
        determination: "unknown".into(),
        severity: first.severity.clone(),
        custom_tags: Vec::new(),
        system_tags: first.system_tags.clone(),
        description: None,
        last_modified_by: None,
        resolving_comment: None,
        summary: None,
        priority_score: None,
        comments: Vec::new(),
    })
}
