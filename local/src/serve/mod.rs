//! `serve`: syncs what is due and shows it on a page, on loopback.

mod app;
mod assets;
mod connections;
mod guard;
mod guide;
mod incidents;
mod keeper;
mod problem;
mod stream;

use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{delete, get, post, put};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

use crate::args::ServeArgs;
use crate::desk::{Desk, StorePath};
use crate::environment::Environment;
use crate::failure::Failure;
use app::App;
use guard::Port;
use keeper::Keeper;
use problem::{LONGEST_BODY, Problem};

/// Where the page is, unless told otherwise.
const PORT: u16 = 8787;

/// How long answers that are under way may take after the signal to stop.
const GRACE: Duration = Duration::from_secs(3);

/// Connections to sync at once, asked for on the page. More than that many are not clicked in a second.
const WAKE_UPS: usize = 16;

pub(crate) async fn run(
    args: &ServeArgs,
    store: &StorePath,
    environment: &Environment,
) -> Result<(), Failure> {
    let listener = listen(args.port.unwrap_or(PORT)).await?;
    let port = listener.local_addr()?.port();
    writeln!(io::stdout(), "SOC Anywhere is at http://127.0.0.1:{port}/ (Ctrl-C ends it)")?;
    io::stdout().flush()?;
    let desk = Desk::open(store, environment)?;
    eprintln!("the store is {}", store.path.display());
    desk.clean().await?;

    let (stop, stopped) = watch::channel(false);
    let (wake, woken) = mpsc::channel(WAKE_UPS);
    let keeper = tokio::spawn(Keeper::new(desk.clone(), !args.no_simulate).run(woken, stopped.clone()));
    let page = serve(listener, router(App { desk, wake }, Port(port)), stopped);
    let page = tokio::spawn(page);
    signalled().await?;
    eprintln!("ending");
    // Without a receiver everything has ended already.
    let _ = stop.send(true);
    if tokio::time::timeout(GRACE, page).await.is_err() {
        eprintln!("an answer was cut off");
    }
    keeper.await.map_err(|_| Failure::Refused("syncing ended unexpectedly".into()))
}

async fn listen(port: u16) -> Result<TcpListener, Failure> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => Failure::Refused(format!(
            "port {port} is taken, perhaps by another `soc-anywhere serve`; choose one with --port, or --port 0 for any"
        )),
        _ => Failure::Refused(format!("cannot listen on {address}: {error}")),
    })
}

async fn serve(listener: TcpListener, router: Router, mut stopped: watch::Receiver<bool>) -> io::Result<()> {
    let stop = async move { keeper::ending(&mut stopped).await };
    axum::serve(listener, router).with_graceful_shutdown(stop).await
}

fn router(app: App, port: Port) -> Router {
    let api = Router::new()
        .route("/api/incidents", get(incidents::list))
        .route("/api/incidents/{connection}/{id}", get(incidents::one))
        .route("/api/incidents/{connection}/{id}/alerts", get(incidents::alerts))
        .route("/api/chart", get(incidents::chart))
        .route("/api/guide", get(guide::guide))
        .route("/api/test-connection", post(connections::test_entered))
        .route("/api/connections", get(connections::list).post(connections::enter))
        .route("/api/connections/{id}", delete(connections::remove).patch(connections::change))
        .route("/api/connections/{id}/credential", put(connections::replace_secret))
        .route("/api/connections/{id}/sync", post(connections::sync))
        .route("/api/connections/{id}/test", post(connections::test_stored))
        .with_state(app);
    api.merge(assets::router())
        .fallback(async || Problem::not_found())
        .layer(DefaultBodyLimit::max(LONGEST_BODY))
        .layer(from_fn_with_state(port, guard::guard))
}

/// Ctrl-C, or what a service manager sends.
#[cfg(unix)]
async fn signalled() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn signalled() -> io::Result<()> {
    tokio::signal::ctrl_c().await
}
