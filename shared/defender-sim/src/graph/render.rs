//! The bytes of lists and records: bodies that exist already, spliced.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::value::RawValue;

use super::options::{MAX_SKIP, Options};
use super::page::Page;
use super::resource::Resource;
use super::view::View;
use crate::table::{Slot, Table};
use crate::world::World;

/// A page as JSON.
pub(crate) fn list<R: Resource>(
    view: &View<'_>,
    world: &World,
    table: &Table<R>,
    options: &Options,
    page: &Page,
) -> Vec<u8> {
    let mut json = Vec::with_capacity(256 + page.rows.len() * 2048);
    json.extend_from_slice(b"{\"@odata.context\":");
    text(&mut json, &view.context(&suffix::<R>(options)));
    if let Some(count) = page.count {
        json.extend_from_slice(format!(",\"@odata.count\":{count}").as_bytes());
    }
    if let Some(link) = next_link(view, options, page) {
        json.extend_from_slice(b",\"@odata.nextLink\":");
        text(&mut json, &link);
    }
    if view.faults.value_not_array {
        json.extend_from_slice(b",\"value\":{}}");
        return json;
    }
    json.extend_from_slice(b",\"value\":[");
    for (number, slot) in page.rows.iter().enumerate() {
        if number > 0 {
            json.push(b',');
        }
        row(&mut json, view, world, table, *slot, options);
    }
    json.extend_from_slice(b"]}");
    json
}

/// One record as JSON, with its own context.
pub(crate) fn entity<R: Resource>(
    view: &View<'_>,
    world: &World,
    table: &Table<R>,
    slot: Slot,
    options: &Options,
) -> Vec<u8> {
    let mut json = Vec::with_capacity(8192);
    json.extend_from_slice(b"{\"@odata.context\":");
    text(&mut json, &view.context(&format!("{}/$entity", suffix::<R>(options))));
    let start = json.len();
    row(&mut json, view, world, table, slot, options);
    // The record's own opening brace becomes the comma.
    json[start] = b',';
    json
}

fn row<R: Resource>(
    json: &mut Vec<u8>,
    view: &View<'_>,
    world: &World,
    table: &Table<R>,
    slot: Slot,
    options: &Options,
) {
    let body = table.body(slot, view.all_members);
    let start = json.len();
    match &options.select {
        Some(names) => select(json, body, names),
        None => json.extend_from_slice(body),
    }
    if !options.expand {
        return;
    }
    json.pop();
    if json.len() > start + 1 {
        json.push(b',');
    }
    json.extend_from_slice(b"\"alerts\":[");
    for (number, alert) in world.alerts_of(slot).iter().enumerate() {
        if number > 0 {
            json.push(b',');
        }
        json.extend_from_slice(world.alerts.body(*alert, view.all_members));
    }
    json.extend_from_slice(b"]}");
}

/// The selected properties, in the order of the request.
fn select(json: &mut Vec<u8>, body: &Bytes, names: &[&str]) {
    let members: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(body).unwrap_or_default();
    json.push(b'{');
    let mut first = true;
    for name in names {
        let Some(value) = members.get(*name) else { continue };
        if !std::mem::take(&mut first) {
            json.push(b',');
        }
        json.extend_from_slice(format!("\"{name}\":").as_bytes());
        json.extend_from_slice(value.get().as_bytes());
    }
    json.push(b'}');
}

/// What follows `#security/…` in the context.
fn suffix<R: Resource>(options: &Options) -> String {
    let mut parts: Vec<&str> = options.select.as_deref().unwrap_or_default().to_vec();
    if options.expand {
        parts.push("alerts()");
    }
    if parts.is_empty() {
        R::COLLECTION.to_owned()
    } else {
        format!("{}({})", R::COLLECTION, parts.join(","))
    }
}

fn next_link(view: &View<'_>, options: &Options, page: &Page) -> Option<String> {
    let next = page.next?;
    let faults = view.faults;
    if faults.next_link_absent {
        return None;
    }
    let uri = view.asked.request.uri();
    let origin = faults.next_link_host.as_deref().unwrap_or(&view.asked.origin);
    let query = uri.query().unwrap_or("");
    if faults.next_link_loops {
        return Some(format!("{origin}{}?{query}", uri.path()));
    }
    let kept = query.split('&').filter(|pair| {
        let name = pair.split('=').next().unwrap_or("").replace("%24", "$");
        !pair.is_empty() && name != "$skip" && name != "$skiptoken"
    });
    let place = if faults.next_link_skips {
        let skip = options.skip + page.rows.len();
        if skip > MAX_SKIP {
            return None;
        }
        format!("$skip={skip}")
    } else {
        format!("$skiptoken={}", next.encode())
    };
    let query: Vec<&str> = kept.chain([place.as_str()]).collect();
    Some(format!("{origin}{}?{}", uri.path(), query.join("&")))
}

fn text(json: &mut Vec<u8>, text: &str) {
    json.extend_from_slice(serde_json::Value::from(text).to_string().as_bytes());
}
