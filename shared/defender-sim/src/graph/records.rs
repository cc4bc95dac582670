//! `GET` of incidents and alerts: lists, counts, single records.

use std::borrow::Cow;

use bytes::Bytes;
use http::StatusCode;

use super::options::Options;
use super::page::page;
use super::problem::Problem;
use super::render;
use super::reply::Reply;
use super::resource::Resource;
use super::view::View;
use crate::model::{Alert, Incident};
use crate::table::{Record, Slot, Table};
use crate::world::World;

/// Below `/security/incidents`.
pub(super) fn incidents(view: &View<'_>, world: &World, rest: &str) -> Result<Reply, Problem> {
    match rest.split_once('/') {
        None if rest.is_empty() => list::<Incident>(view, world, &world.incidents, None),
        None if rest == "$count" => count::<Incident>(view, &world.incidents),
        None => entity::<Incident>(view, world, &world.incidents, rest),
        Some((id, "alerts")) => {
            let incident = find(&world.incidents, id)?;
            list::<Alert>(view, world, &world.alerts, Some(world.alerts_of(incident)))
        }
        Some((_, segment)) => Err(no_segment(segment)),
    }
}

/// Below `/security/alerts_v2`.
pub(super) fn alerts(view: &View<'_>, world: &World, rest: &str) -> Result<Reply, Problem> {
    match rest.split_once('/') {
        None if rest.is_empty() => list::<Alert>(view, world, &world.alerts, None),
        None if rest == "$count" => count::<Alert>(view, &world.alerts),
        None => entity::<Alert>(view, world, &world.alerts, rest),
        Some((_, segment)) => Err(no_segment(segment)),
    }
}

fn list<R: Resource>(
    view: &View<'_>,
    world: &World,
    table: &Table<R>,
    among: Option<&[Slot]>,
) -> Result<Reply, Problem> {
    let options = Options::parse::<R>(query(view))?;
    let page = page(table, among, &options);
    for slot in &page.rows {
        poisoned(view, &options, table.record(*slot))?;
    }
    Ok(Reply::json(render::list(view, world, table, &options, &page)))
}

fn entity<R: Resource>(view: &View<'_>, world: &World, table: &Table<R>, id: &str) -> Result<Reply, Problem> {
    let slot = find(table, id)?;
    let options = Options::parse::<R>(query(view))?;
    poisoned(view, &options, table.record(slot))?;
    Ok(Reply::json(render::entity(view, world, table, slot, &options)))
}

fn count<R: Resource>(view: &View<'_>, table: &Table<R>) -> Result<Reply, Problem> {
    let options = Options { count: true, ..Options::parse::<R>(query(view))? };
    let count = page(table, None, &options).count.unwrap_or(0);
    Ok(Reply { status: StatusCode::OK, content_type: "text/plain", body: Bytes::from(count.to_string()) })
}

/// The record with that id; ids with unusual letters come percent-encoded, or within `('…')`.
pub(super) fn find<R: Resource>(table: &Table<R>, id: &str) -> Result<Slot, Problem> {
    let id = decoded(id);
    table.find(&id).ok_or_else(|| Problem::not_found(&format!("{} '{id}'", R::TYPE)))
}

fn decoded(id: &str) -> Cow<'_, str> {
    if !id.contains('%') {
        return id.into();
    }
    // In a path a plus is a plus.
    let form = id.replace('+', "%2B");
    url::form_urlencoded::parse(form.as_bytes())
        .next()
        .map_or(id.into(), |(name, _)| name.into_owned().into())
}

fn query<'a>(view: &View<'a>) -> &'a str {
    view.asked.request.uri().query().unwrap_or("")
}

fn poisoned<R: Record>(view: &View<'_>, options: &Options, record: &R) -> Result<(), Problem> {
    let faults = view.faults;
    let spared = (faults.poison_only_expanded && !options.expand)
        || (faults.poison_spares_select && options.select.is_some());
    if !spared && faults.poison.contains(record.id()) {
        return Err(Problem::internal());
    }
    Ok(())
}

fn no_segment(segment: &str) -> Problem {
    Problem::body(format!("Resource not found for the segment '{segment}'."))
}
