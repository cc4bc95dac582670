//! Connections for the page: entering, testing, caring for, removing. A secret comes in by a request's body
//! and goes out nowhere.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use graph_auth::{Cause, Credential};
use http::StatusCode;
use incident_store::{Connection, ConnectionId, Connections as _, NewConnection, SecretError, StoreError};
use jiff::civil::Date;
use secrecy::SecretString;
use serde::Deserialize;
use test_connection::{Candidate, Input, LONGEST_CONSENT_WAIT};

use super::App;
use super::problem::Problem;
use super::stream::{Event, Events, respond};
use crate::admin;
use crate::connection_test::tester;
use crate::connections::{INTERVAL, first_sync};
use crate::desk::OWNER;
use crate::input;
use crate::text;
use crate::view::{self, ConnectionView};

pub(super) async fn list(State(app): State<App>) -> Result<Json<Vec<ConnectionView>>, Problem> {
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
    since: Option<Date>,
    secret_expires: Option<Date>,
    /// Save it also when the test finds it bad.
    #[serde(default)]
    anyway: bool,
}

impl Form {
    fn input(&self) -> Input {
        input::input(&self.tenant_id, &self.client_id, &self.cloud, self.client_secret.clone())
    }
}

/// Tests what was entered and keeps nothing.
pub(super) async fn test_entered(
    State(app): State<App>,
    form: Result<Json<Form>, JsonRejection>,
) -> Result<Response, Problem> {
    let Json(form) = form?;
    Ok(respond(async move |events| {
        let tester = tester(&app.desk, LONGEST_CONSENT_WAIT);
        let report = tester.test(&form.input(), |check| events.check(check)).await;
        events.send(Event::Report(report));
    }))
}

/// Tests what was entered, and keeps it when it is good, or when told to keep it anyway.
pub(super) async fn enter(
    State(app): State<App>,
    form: Result<Json<Form>, JsonRejection>,
) -> Result<Response, Problem> {
    let Json(form) = form?;
    let since = first_sync(form.since, app.desk.clock.now()).map_err(Problem::bad_request)?;
    if let Ok(candidate) = form.input().candidate() {
        refuse_duplicate(&app, &candidate).await?;
    }
    Ok(respond(async move |events| {
        let input = form.input();
        let tester = tester(&app.desk, LONGEST_CONSENT_WAIT);
        let report = tester.test(&input, |check| events.check(check)).await;
        let keep = report.ok || form.anyway;
        events.send(Event::Report(report));
        let Ok(Candidate { identity, cloud, .. }) = input.candidate() else { return };
        if !keep {
            return;
        }
        let Credential::ClientSecret(secret) = identity.credential;
        let settings = NewConnection {
            owner: OWNER.to_owned(),
            name: text::name(form.name.as_deref()),
            tenant_id: identity.tenant_id,
            client_id: identity.client_id,
            cloud,
            since,
            interval: INTERVAL,
            secret_expires: form.secret_expires,
        };
        match admin::enter(&app.desk, admin::new_id(&app.desk), settings, secret).await {
            Ok(connection) => saved(&app, &connection, &events),
            Err(failure) => events.send(Problem::from(failure).into()),
        }
    }))
}

async fn refuse_duplicate(app: &App, candidate: &Candidate) -> Result<(), Problem> {
    let same = |connection: &&Connection| {
        let settings = &connection.settings;
        (settings.tenant_id, settings.client_id, &settings.cloud)
            == (candidate.identity.tenant_id, candidate.identity.client_id, &candidate.cloud)
    };
    match app.desk.store.connections(Some(OWNER)).await?.iter().find(same) {
        Some(there) => Err(StoreError::Duplicate(there.id).into()),
        None => Ok(()),
    }
}

fn saved(app: &App, connection: &Connection, events: &Events) {
    // When the keeper has no room for it, it is due anyhow.
    let _ = app.wake.try_send(connection.id);
    events.send(Event::Saved { id: connection.id });
}

/// Tests a connection with the secret that is kept.
pub(super) async fn test_stored(
    State(app): State<App>,
    Path(id): Path<ConnectionId>,
) -> Result<Response, Problem> {
    let connection = connection(&app, id).await?;
    let candidate = match input::stored(&app.desk, &connection).await {
        Ok(candidate) => candidate,
        Err(SecretError::Missing) => return Err(input::refusal(Cause::SecretMissing).into()),
        Err(SecretError::Unavailable(reason)) => {
            return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, reason));
        }
    };
    Ok(respond(async move |events| {
        let tester = tester(&app.desk, LONGEST_CONSENT_WAIT);
        let report = tester.test_candidate(&candidate, |check| events.check(check)).await;
        events.send(Event::Report(report));
    }))
}

/// A new secret. `Debug` does not show it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewSecret {
    client_secret: SecretString,
    secret_expires: Option<Date>,
    /// Replace the old one also when the test finds the new one bad.
    #[serde(default)]
    anyway: bool,
}

/// Tests the new secret before it replaces the old one: no sync fails in between.
pub(super) async fn replace_secret(
    State(app): State<App>,
    Path(id): Path<ConnectionId>,
    new: Result<Json<NewSecret>, JsonRejection>,
) -> Result<Response, Problem> {
    let Json(new) = new?;
    let connection = connection(&app, id).await?;
    // Cleaned as an entered one is; the ids are those that were checked when they were entered.
    let settings = &connection.settings;
    let (tenant_id, client_id) = (settings.tenant_id.to_string(), settings.client_id.to_string());
    let entered = input::input(&tenant_id, &client_id, "", new.client_secret).candidate();
    let Credential::ClientSecret(secret) = entered.map_err(input::refusal)?.identity.credential;
    Ok(respond(async move |events| {
        let candidate = input::with_secret(&connection, secret.clone());
        let tester = tester(&app.desk, LONGEST_CONSENT_WAIT);
        let report = tester.test_candidate(&candidate, |check| events.check(check)).await;
        let keep = report.ok || new.anyway;
        events.send(Event::Report(report));
        if !keep {
            return;
        }
        match admin::replace_secret(&app.desk, id, secret, new.secret_expires).await {
            Ok(()) => saved(&app, &connection, &events),
            Err(failure) => events.send(Problem::from(failure).into()),
        }
    }))
}

/// Syncs a connection now, due or not.
pub(super) async fn sync(
    State(app): State<App>,
    Path(id): Path<ConnectionId>,
) -> Result<StatusCode, Problem> {
    connection(&app, id).await?;
    match app.wake.try_send(id) {
        Ok(()) => Ok(StatusCode::ACCEPTED),
        Err(_) => {
            Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too many syncs were asked for; try again"))
        }
    }
}

pub(super) async fn remove(
    State(app): State<App>,
    Path(id): Path<ConnectionId>,
) -> Result<StatusCode, Problem> {
    admin::remove(&app.desk, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn connection(app: &App, id: ConnectionId) -> Result<Connection, Problem> {
    app.desk.store.connection(id).await?.ok_or_else(|| Problem::not_found("connection"))
}
