//! The simulated tenant that `serve` shows where there is no real connection.
//!
//! It follows from [`SEED`] and from the instant at which its connection was entered, so that a later run
//! goes on with the same tenant. Its connection is connected while its simulator runs and paused while it
//! does not.

use std::sync::Arc;
use std::time::Duration;

use connections::Refusal;
use defender_sim::{Simulator, TenantSpec};
use graph_auth::{Cloud, PrivateHosts, TestOrigin};
use graph_http::{Limits, Request, exchange};
use incident_store::{
    Capabilities, Connection, ConnectionId, Connections as _, Lifecycle, NewConnection, StoreError,
};
use jiff::{SignedDuration, Timestamp};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::desk::Desk;
use crate::failure::Failure;
use crate::text::is_simulated;

/// One tenant for all, so that two processes that begin at once enter the same connection.
const SEED: u64 = 2026;

/// Changes show as they happen; a real tenant is asked every minute.
const INTERVAL: Duration = Duration::from_secs(2);

/// Everything that the simulated tenant has.
const LOOK_BACK: SignedDuration = SignedDuration::from_hours(24 * 45);

/// Loopback answers in milliseconds.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);

/// Whether the simulator that `connection` leads to is there: at its address the tenant's discovery
/// document names the tenant. Another program may have got the port since.
pub(crate) async fn answers(desk: &Desk, connection: &Connection) -> bool {
    let Cloud::Simulated(_) = &connection.settings.cloud else { return false };
    let tenant_id = connection.settings.tenant_id.to_string();
    let path = format!("/{tenant_id}/v2.0/.well-known/openid-configuration");
    let mut request = Request::new("".into());
    *request.uri_mut() = connection.settings.cloud.endpoints().login_uri(&path);
    let deadline = Instant::now() + ANSWERS_WITHIN;
    match exchange(&desk.transport, request, Limits::SMALL, deadline).await {
        Ok(answer) => {
            answer.status.is_success() && String::from_utf8_lossy(&answer.body).contains(tenant_id.as_str())
        }
        Err(_) => false,
    }
}

/// The simulator of this process, while there is one.
#[derive(Debug, Default)]
pub(crate) struct Simulation {
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    connection: ConnectionId,
    server: JoinHandle<()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Simulation {
    /// Begins one where the store has no real connection: the one there was, or a new one. One that another
    /// process runs is left to it.
    pub(crate) async fn begin(&mut self, desk: &Desk) -> Result<(), Failure> {
        let connections = desk.store.connections(None).await?;
        if connections.iter().any(|connection| !is_simulated(connection)) {
            return Ok(());
        }
        match connections.into_iter().find(|connection| connection.lifecycle != Lifecycle::Removing) {
            None => self.enter(desk).await,
            Some(there) if answers(desk, &there).await => Ok(()),
            Some(there) => self.resume(desk, there).await,
        }
    }

    async fn enter(&mut self, desk: &Desk) -> Result<(), Failure> {
        let now = desk.clock.now();
        let spec = TenantSpec::demo(SEED);
        let secret = spec.secret.clone();
        let (listener, cloud) = listen().await?;
        let settings = NewConnection {
            group: desk.home().await?,
            name: Some("Contoso".to_owned()),
            tenant_id: spec.tenant_id,
            client_id: spec.client_id,
            cloud,
            since: now - LOOK_BACK,
            interval: INTERVAL,
            secret_expires: None,
        };
        // Its start is the connection's `created`.
        let all = Capabilities { write_back: Some(true), custom_detections: Some(true) };
        match desk.admin().save(&desk.caller, settings, secret.into(), all).await {
            Ok(connection) => {
                self.run(desk, &connection, listener);
                Ok(())
            }
            // Another process was faster.
            Err(Refusal::Duplicate(_)) => Ok(()),
            Err(refusal) => Err(refusal.into()),
        }
    }

    async fn resume(&mut self, desk: &Desk, mut connection: Connection) -> Result<(), Failure> {
        let (listener, cloud) = listen().await?;
        self.run(desk, &connection, listener);
        connection.settings.cloud = cloud;
        connection.lifecycle = Lifecycle::Connected;
        match desk.store.update(&connection).await {
            Ok(_) => Ok(()),
            // Another process was faster, or a real connection has come.
            Err(StoreError::Stale | StoreError::Gone) => {
                self.running = None;
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    fn run(&mut self, desk: &Desk, connection: &Connection, listener: TcpListener) {
        let simulator = Arc::new(simulator(connection.created));
        let server = tokio::spawn(defender_sim::serve(listener, simulator, desk.clock.clone()));
        self.running = Some(Running { connection: connection.id, server });
    }

    /// Ends it when its connection is gone, which it is as soon as there is a real one, and pauses simulated
    /// connections whose simulator has ended.
    pub(crate) async fn look(&mut self, desk: &Desk) -> Result<(), Failure> {
        desk.remove_simulated().await?;
        let connections = desk.store.connections(None).await?;
        let mine = self.running.as_ref().map(|running| running.connection);
        if !connections.iter().any(|connection| Some(connection.id) == mine) {
            self.running = None;
        }
        for connection in connections.into_iter().filter(is_simulated) {
            match connection.lifecycle {
                Lifecycle::Paused if Some(connection.id) == mine => {
                    set_lifecycle(desk, &connection, Lifecycle::Connected).await?;
                }
                Lifecycle::Connected if Some(connection.id) != mine && !answers(desk, &connection).await => {
                    set_lifecycle(desk, &connection, Lifecycle::Paused).await?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Ends it, and pauses its connection.
    pub(crate) async fn end(&mut self, desk: &Desk) -> Result<(), Failure> {
        let Some(running) = self.running.take() else { return Ok(()) };
        match desk.store.connection(running.connection).await? {
            Some(connection) => set_lifecycle(desk, &connection, Lifecycle::Paused).await,
            None => Ok(()),
        }
    }
}

/// Pauses or wakes a connection; one that was changed meanwhile is left for the next look.
async fn set_lifecycle(desk: &Desk, connection: &Connection, lifecycle: Lifecycle) -> Result<(), Failure> {
    match desk.store.update(&Connection { lifecycle, ..connection.clone() }).await {
        Ok(_) | Err(StoreError::Stale | StoreError::Gone) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn simulator(start: Timestamp) -> Simulator {
    let simulator = Simulator::new(SEED, start);
    simulator.add_tenant(TenantSpec::demo(SEED));
    simulator
}

/// Any free port on loopback.
async fn listen() -> Result<(TcpListener, Cloud), Failure> {
    let no_port = |reason: String| Failure::Refused(format!("the simulator cannot listen: {reason}"));
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|error| no_port(error.to_string()))?;
    let address = listener.local_addr().map_err(|error| no_port(error.to_string()))?;
    let origin = TestOrigin::parse(&format!("http://{address}"), PrivateHosts::Refused)
        .map_err(|bad| no_port(bad.to_string()))?;
    Ok((listener, Cloud::Simulated(origin)))
}
