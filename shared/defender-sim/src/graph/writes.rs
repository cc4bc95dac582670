//! `PATCH` and comments: what can be written is what the update pages list
//! (<https://learn.microsoft.com/en-us/graph/api/security-incident-update>,
//! <https://learn.microsoft.com/en-us/graph/api/security-alert-update>).

use std::collections::BTreeSet;

use http::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::options::Options;
use super::problem::Problem;
use super::records::find;
use super::render;
use super::reply::Reply;
use super::resource::Resource;
use super::view::View;
use crate::model::{
    ALERT_STATUSES, Alert, CLASSIFICATIONS, Comment, DETERMINATIONS, INCIDENT_STATUSES, Incident, SEVERITIES,
    Text,
};
use crate::stamp::Stamp;
use crate::world::World;

/// Below `/security/incidents`, by an application.
pub(super) fn incident(view: &View<'_>, world: &mut World, rest: &str, by: &str) -> Result<Reply, Problem> {
    let visible = world.now();
    let stamp = Stamp::new(visible, 7);
    match (view.asked.request.method(), rest.split_once('/')) {
        (&Method::PATCH, None) => {
            let slot = find(&world.incidents, rest)?;
            let changes = changes(view, incident_change)?;
            world.edit_incident(slot, stamp, visible, |record| {
                for change in changes {
                    change(record);
                }
                if record.status != "redirected" {
                    record.redirect_incident_id = None;
                }
                record.last_modified_by = Some(by.to_owned());
            });
            world.settle(slot);
            let options = Options::parse::<Incident>("")?;
            Ok(Reply::json(render::entity(view, world, &world.incidents, slot, &options)))
        }
        (&Method::POST, Some((id, "comments"))) => {
            let slot = find(&world.incidents, id)?;
            let comment = comment(view, stamp, by)?;
            world.edit_incident(slot, stamp, visible, |record| {
                record.comments.push(comment);
                record.last_modified_by = Some(by.to_owned());
            });
            let record = world.incidents.record(slot);
            Ok(comments::<Incident>(view, &record.id, &record.comments))
        }
        _ => Err(Problem::body(format!("Resource not found for the segment '{rest}'."))),
    }
}

/// `POST /security/incidents/mergeIncidents`: all of them into the first
/// (<https://learn.microsoft.com/en-us/graph/api/security-incident-mergeincidents>).
pub(super) fn merge(view: &View<'_>, world: &mut World) -> Result<Reply, Problem> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Posted {
        incident_ids: Vec<String>,
    }
    let posted: Posted = read(view)?;
    let slots: Result<Vec<_>, _> = posted.incident_ids.iter().map(|id| find(&world.incidents, id)).collect();
    let slots = slots?;
    let [target, sources @ ..] = slots.as_slice() else {
        return Err(Problem::body("The parameter 'incidentIds' must not be empty."));
    };
    let redirected = |slot| world.incidents.record(slot).redirect_incident_id.is_some();
    let distinct = slots.iter().collect::<BTreeSet<_>>().len() == slots.len();
    if !distinct || slots.iter().any(|slot| redirected(*slot)) {
        return Err(Problem::body("An incident can be merged once, and not into itself."));
    }
    let visible = world.now();
    for source in sources {
        world.merge_into(*source, *target, Stamp::new(visible, 7), visible);
    }
    let context = format!("{}/v1.0/$metadata#microsoft.graph.security.mergeResponse", view.asked.origin);
    let body = json!({ "@odata.context": context, "targetIncidentId": posted.incident_ids[0] });
    Ok(Reply::json(body.to_string().into()))
}

/// Below `/security/alerts_v2`, by an application.
pub(super) fn alert(view: &View<'_>, world: &mut World, rest: &str, by: &str) -> Result<Reply, Problem> {
    let visible = world.now();
    let stamp = Stamp::new(visible, 7);
    match (view.asked.request.method(), rest.split_once('/')) {
        (&Method::PATCH, None) => {
            let slot = find(&world.alerts, rest)?;
            let changes = changes(view, alert_change)?;
            world.edit_alert(slot, stamp, visible, |record| {
                for change in changes {
                    change(record);
                }
                match (record.status == "resolved", record.resolved_date_time) {
                    (true, None) => record.resolved_date_time = Some(stamp),
                    (false, Some(_)) => record.resolved_date_time = None,
                    _ => {}
                }
            });
            let options = Options::parse::<Alert>("")?;
            Ok(Reply::json(render::entity(view, world, &world.alerts, slot, &options)))
        }
        (&Method::POST, Some((id, "comments"))) => {
            let slot = find(&world.alerts, id)?;
            let comment = comment(view, stamp, by)?;
            world.edit_alert(slot, stamp, visible, |record| record.comments.push(comment));
            let record = world.alerts.record(slot);
            Ok(comments::<Alert>(view, &record.id, &record.comments))
        }
        _ => Err(Problem::body(format!("Resource not found for the segment '{rest}'."))),
    }
}

type Apply<R> = Box<dyn FnOnce(&mut R)>;

/// All changes of a body, or what is wrong with one of them: nothing is written then.
fn changes<R>(
    view: &View<'_>,
    change: fn(&str, Value) -> Result<Apply<R>, Problem>,
) -> Result<Vec<Apply<R>>, Problem> {
    let body: Map<String, Value> = read(view)?;
    body.into_iter()
        .filter(|(name, _)| !name.starts_with("@odata."))
        .map(|(name, value)| change(&name, value))
        .collect()
}

fn incident_change(name: &str, value: Value) -> Result<Apply<Incident>, Problem> {
    Ok(match name {
        "assignedTo" => {
            let value = read_as(name, value)?;
            Box::new(|record| record.assigned_to = value)
        }
        "classification" => {
            let member = member(name, &value, CLASSIFICATIONS)?;
            Box::new(|record| record.classification = member)
        }
        "customTags" => {
            let value = read_as(name, value)?;
            Box::new(|record| record.custom_tags = value)
        }
        "description" => {
            let value = read_as(name, value)?;
            Box::new(|record| record.description = value)
        }
        "determination" => {
            let member = member(name, &value, DETERMINATIONS)?;
            Box::new(|record| record.determination = member)
        }
        "displayName" => {
            let value = read_as(name, value)?;
            Box::new(|record| record.display_name = value)
        }
        "severity" => {
            let member = member(name, &value, SEVERITIES)?;
            Box::new(|record| record.severity = member)
        }
        "resolvingComment" => {
            let value = read_as(name, value)?;
            Box::new(|record| record.resolving_comment = value)
        }
        "status" => {
            let member = member(name, &value, INCIDENT_STATUSES)?;
            Box::new(|record| record.status = member)
        }
        "summary" => {
            let value = read_as(name, value)?;
            Box::new(|record| record.summary = value)
        }
        _ => return Err(not_settable(name)),
    })
}

fn alert_change(name: &str, value: Value) -> Result<Apply<Alert>, Problem> {
    Ok(match name {
        "assignedTo" => {
            let value = read_as(name, value)?;
            Box::new(|record| record.assigned_to = value)
        }
        "classification" => {
            let member = member(name, &value, CLASSIFICATIONS)?;
            Box::new(|record| record.classification = member)
        }
        "customDetails" => {
            let value = read_as(name, value)?;
            Box::new(|record| record.custom_details = value)
        }
        "determination" => {
            let member = member(name, &value, DETERMINATIONS)?;
            Box::new(|record| record.determination = member)
        }
        "status" => {
            let member = member(name, &value, ALERT_STATUSES)?;
            Box::new(|record| record.status = member)
        }
        _ => return Err(not_settable(name)),
    })
}

fn read<T: for<'de> Deserialize<'de>>(view: &View<'_>) -> Result<T, Problem> {
    serde_json::from_slice(view.asked.request.body())
        .map_err(|_| Problem::body("Unable to read JSON request payload."))
}

fn read_as<T: for<'de> Deserialize<'de>>(name: &str, value: Value) -> Result<T, Problem> {
    serde_json::from_value(value)
        .map_err(|_| Problem::body(format!("The value of property '{name}' is not of its type.")))
}

/// An enum member; the documentation's own sample sends `TruePositive` for `truePositive`.
fn member(name: &str, value: &Value, members: &'static [&'static str]) -> Result<Text, Problem> {
    let found =
        value.as_str().and_then(|text| members.iter().find(|member| member.eq_ignore_ascii_case(text)));
    found.map(|member| (*member).into()).ok_or_else(|| {
        Problem::body(format!("The value of property '{name}' is not a member of its enumeration."))
    })
}

fn not_settable(name: &str) -> Problem {
    Problem::body(format!("The property '{name}' cannot be updated."))
}

fn comment(view: &View<'_>, stamp: Stamp, by: &str) -> Result<Comment, Problem> {
    #[derive(Deserialize)]
    struct Posted {
        comment: String,
    }
    let posted: Posted = read(view)?;
    Ok(Comment { comment: posted.comment, created_by_display_name: by.to_owned(), created_date_time: stamp })
}

/// "200 OK, not 201, and all comments" (security-incident-post-comments).
fn comments<R: Resource>(view: &View<'_>, id: &str, comments: &[Comment]) -> Reply {
    let context = view.context(&format!("{}('{id}')/comments", R::COLLECTION));
    Reply::json(json!({ "@odata.context": context, "value": comments }).to_string().into())
}
