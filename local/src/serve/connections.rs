//! Connections for the page: entering, testing, caring for, removing. A secret comes in by a request's body
//! and goes out nowhere.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};
use axum::response::Response;
use connections::{Change, Entry, Expected, NewCredential, Refusal, Tested};
use http::StatusCode;
use incident_store::{ConnectionId, Connections as _, Records};
use jiff::civil::Date;
use secrecy::SecretString;
use serde::Deserialize;
use test_connection::Waiting;

use super::app::App;
use super::problem::Problem;
use super::stream::{Event, Events, respond};
use crate::desk::DeskAdmin;
use crate::enter::first_sync;
use crate::view::{self, View};

pub(super) async fn list(State(app): State<App>) -> Result<Json<Vec<View>>, Problem> {
    Ok(Json(view::connections(&app.desk).await?))
}

/// The form's values. `Debug` shows no secret.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Form {
    tenant_id: String,
    client_id: String,
    client_secret: SecretString,
    #[serde(default)]
    cloud: String,
    name: Option<String>,
    /// A day: the first sync begins with it, in UTC.
    since: Option<Date>,
    secret_expires: Option<Date>,
    /// Save it also when the test finds it bad.
    #[serde(default)]
    save_anyway: bool,
    /// Wait for what was made a moment ago: a person looks on, who ends the wait by ending the request. What is saved
    /// whatever the test says waits for nothing.
    #[serde(default)]
    wait: bool,
}

/// A new secret. `Debug` shows none.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Replacement {
    client_secret: SecretString,
    secret_expires: Option<Date>,
    /// Replace the old one also when the test finds the new one bad.
    #[serde(default)]
    save_anyway: bool,
    /// The same as [`Form::wait`].
    #[serde(default)]
    wait: bool,
}

impl Form {
    fn entry(self, app: &App) -> Result<Entry, Problem> {
        let since =
            first_sync(self.since, app.desk.clock.now()).map_err(|why| Problem::field("since", why))?;
        Ok(Entry {
            tenant_id: self.tenant_id,
            client_id: self.client_id,
            client_secret: self.client_secret,
            cloud: self.cloud,
            name: self.name,
            since: Some(since),
            interval_seconds: None,
            secret_expires: self.secret_expires,
            save_anyway: self.save_anyway,
        })
    }
}

/// Tests what was entered and keeps nothing.
pub(super) async fn test_entered(
    State(app): State<App>,
    form: Result<Json<Form>, JsonRejection>,
) -> Result<Response, Problem> {
    let Json(form) = form?;
    let wait = form.wait;
    let entry = form.entry(&app)?;
    Ok(respond(async move |events| {
        let report = app.admin(wait, &events).tester.test(&entry.input(), |check| events.check(check)).await;
        events.send(Event::Report(report));
    }))
}

/// Tests what was entered, and keeps it when it is good, or when told to keep it anyway.
pub(super) async fn enter(
    State(app): State<App>,
    form: Result<Json<Form>, JsonRejection>,
) -> Result<Response, Problem> {
    let Json(form) = form?;
    let wait = form.wait && !form.save_anyway;
    let entry = form.entry(&app)?;
    Ok(respond(async move |events| {
        let admin = app.admin(wait, &events);
        let entered = Box::pin(admin.enter(&app.desk.caller, &entry, |check| events.check(check))).await;
        saved(&app, entered, &events).await;
    }))
}

/// Tests a connection with the secret that is kept.
pub(super) async fn test_stored(
    State(app): State<App>,
    id: Result<Path<ConnectionId>, PathRejection>,
) -> Result<Response, Problem> {
    let Path(id) = id?;
    exists(&app, id).await?;
    Ok(respond(async move |events| {
        match app.desk.admin().test(&app.desk.caller, id, |check| events.check(check)).await {
            Ok(tested) => events.send(Event::Report(tested.report)),
            Err(refusal) => events.send(Problem::from(refusal).into()),
        }
    }))
}

/// Tests the new secret before it replaces the old one: no sync fails in between.
pub(super) async fn replace_secret(
    State(app): State<App>,
    id: Result<Path<ConnectionId>, PathRejection>,
    new: Result<Json<Replacement>, JsonRejection>,
) -> Result<Response, Problem> {
    let Path(id) = id?;
    let Json(Replacement { client_secret, secret_expires, save_anyway, wait }) = new?;
    let wait = wait && !save_anyway;
    let new = NewCredential { client_secret, secret_expires, save_anyway };
    exists(&app, id).await?;
    Ok(respond(async move |events| {
        let check = |check: &test_connection::Check| events.check(check);
        let admin = app.admin(wait, &events);
        let replaced =
            Box::pin(admin.replace_credential(&app.desk.caller, id, &Expected::Any, &new, check)).await;
        saved(&app, replaced, &events).await;
    }))
}

/// Says how a saving ended; what was saved is synced at once.
async fn saved(app: &App, tested: Result<Tested, Refusal>, events: &Events) {
    let (connection, report) = match tested {
        Ok(Tested { connection, report }) => (connection, report),
        Err(Refusal::TestFailed(report)) => return events.send(Event::Report(*report)),
        Err(refusal) => return events.send(Problem::from(refusal).into()),
    };
    events.send(Event::Report(report));
    if let Err(refusal) = app.desk.remove_simulated().await {
        // The keeper tries again with its next look.
        eprintln!("the simulated connection stays for now: {}", crate::failure::Failure::from(refusal));
    }
    // When the keeper has no room for it, it is due anyhow.
    let _ = app.wake.try_send(connection.id);
    events.send(Event::Saved { id: connection.id });
}

/// Changes a connection's name, its expiry date, or whether it is paused.
pub(super) async fn change(
    State(app): State<App>,
    id: Result<Path<ConnectionId>, PathRejection>,
    change: Result<Json<Change>, JsonRejection>,
) -> Result<StatusCode, Problem> {
    let Path(id) = id?;
    let Json(change) = change?;
    app.desk.admin().change(&app.desk.caller, id, &Expected::Any, change).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Syncs a connection now, due or not.
pub(super) async fn sync(
    State(app): State<App>,
    id: Result<Path<ConnectionId>, PathRejection>,
) -> Result<StatusCode, Problem> {
    let Path(id) = id?;
    exists(&app, id).await?;
    app.wake.try_send(id).map_err(|_| Problem::unavailable())?;
    Ok(StatusCode::ACCEPTED)
}

pub(super) async fn remove(
    State(app): State<App>,
    id: Result<Path<ConnectionId>, PathRejection>,
) -> Result<StatusCode, Problem> {
    let Path(id) = id?;
    app.desk.admin().remove(&app.desk.caller, id, &Expected::Any, Records::Remove).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn exists(app: &App, id: ConnectionId) -> Result<(), Problem> {
    app.desk.store.connection(id).await?.map(drop).ok_or_else(Problem::not_found)
}

impl App {
    /// The page shows each verdict, and counts down to the next one.
    fn admin(&self, wait: bool, events: &Events) -> DeskAdmin {
        let events = events.clone();
        let tell = Arc::new(move |pause| events.send(Event::Pause(pause)));
        self.desk.admin_with(wait.then(|| Waiting { tell, stop: None }))
    }
}
