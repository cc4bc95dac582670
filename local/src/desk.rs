//! What every command works with.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use connections::{Admin, Expected, Refusal, UNFINISHED_AFTER};
use graph_auth::{EndpointOverride, TokenCache};
use graph_http::{Clock, Connecting, HttpsTransport};
use graph_security::Graph;
use http_api::{Caller, Limits, MemoryAttempts};
use incident_store::sqlite::SqliteStore;
use incident_store::{Connection, Connections as _, GroupId, Groups as _, Lifecycle, Records, StoreError};
use jiff::SignedDuration;
use sync_incidents::{Budget, Settings, Syncer};
use test_connection::{Tester, Waiting};

use crate::alive::Alive;
use crate::environment::Environment;
use crate::failure::Failure;
use crate::secrets::SecretFile;
use crate::text::is_simulated;
use crate::watched::Watched;

/// Who owns every connection on the desk.
const OWNER: &str = "local";

/// A success that found nothing is written this often at most: a simulated tenant is asked every 2 s.
const SUCCESS_EVERY: SignedDuration = SignedDuration::from_secs(5);

/// All processes of one desk have one clock.
const LEASE_MARGIN: Duration = Duration::from_secs(2);

/// The store, the secrets beside it and the way to Microsoft.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    path: PathBuf,
    pub(crate) store: SqliteStore,
    pub(crate) secrets: SecretFile,
    pub(crate) endpoints: EndpointOverride,
    pub(crate) transport: HttpsTransport,
    pub(crate) clock: Clock,
    /// Who uses it.
    pub(crate) caller: Caller,
}

impl Desk {
    /// Opens the store, which is made if need be.
    pub(crate) fn open(store: &StorePath, environment: &Environment) -> Result<Self, Failure> {
        let opened = SqliteStore::open(&store.path).map_err(|error| store.refusal(&error))?;
        Ok(Self::with(opened, store, environment))
    }

    /// The same for a command that finds nothing in a new store: where there is none, none is made.
    pub(crate) fn open_to_read(store: &StorePath, environment: &Environment) -> Result<Self, Failure> {
        let path = store.path.display();
        if store.path.exists() {
            return Self::open(store, environment);
        }
        if store.is_given {
            return Err(Failure::Usage(format!("--store: there is no store at {path}")));
        }
        eprintln!("there is no store at {path} yet");
        Self::without_store(store, environment)
    }

    /// For a command that keeps nothing.
    pub(crate) fn without_store(store: &StorePath, environment: &Environment) -> Result<Self, Failure> {
        Ok(Self::with(SqliteStore::in_memory()?, store, environment))
    }

    fn with(opened: SqliteStore, store: &StorePath, environment: &Environment) -> Self {
        Self {
            path: store.path.clone(),
            store: opened,
            secrets: SecretFile::beside(&store.path),
            endpoints: environment.endpoints.clone(),
            transport: HttpsTransport::over(
                environment.network.clone(),
                Connecting::default(),
                Clock::system(),
            ),
            clock: Clock::system(),
            caller: Caller { owner: OWNER.to_owned(), person: environment.user.clone() },
        }
    }

    /// What enters, tests and removes its connections. On one's own machine nobody's attempts are counted.
    pub(crate) fn admin(&self) -> DeskAdmin {
        self.admin_with(None)
    }

    /// The same with a person who waits for what was made a moment ago.
    pub(crate) fn admin_with(&self, waiting: Option<Waiting>) -> DeskAdmin {
        Admin {
            store: self.store.clone(),
            vault: self.secrets.clone(),
            attempts: MemoryAttempts::default(),
            limits: Limits::none(),
            // A desk's public address is not known to it.
            tester: Tester {
                waiting,
                ..Tester::new(self.transport.clone(), self.clock.clone(), self.endpoints.clone())
            },
        }
    }

    /// What its connections belong to.
    pub(crate) async fn home(&self) -> Result<GroupId, StoreError> {
        let mut random = [0; 10];
        fastrand::fill(&mut random);
        self.store.home(OWNER, GroupId::new(self.clock.now(), random)).await
    }

    /// Finishes what another run of this program was interrupted in.
    pub(crate) async fn clean(&self) -> Result<(), StoreError> {
        let before = self.clock.now() - UNFINISHED_AFTER;
        connections::clean(
            &self.store,
            &self.secrets,
            before,
            usize::MAX,
            &mut connections::Cleaned::default(),
        )
        .await
    }

    /// Removes the simulated connections with their records, where there are real ones.
    pub(crate) async fn remove_simulated(&self) -> Result<(), Refusal> {
        let connections = self.store.connections(None).await?;
        let (simulated, real): (Vec<_>, Vec<_>) = connections.into_iter().partition(is_simulated);
        if !real.iter().any(|real| real.lifecycle == Lifecycle::Connected) {
            return Ok(());
        }
        let admin = self.admin();
        for connection in simulated {
            match admin.remove(&self.caller, connection.id, &Expected::Any, Records::Remove).await {
                // Another process did it.
                Ok(()) | Err(Refusal::NotFound) => {}
                Err(refusal) => return Err(refusal),
            }
        }
        Ok(())
    }

    /// What syncs its connections.
    pub(crate) fn syncers(&self) -> Arc<Syncers> {
        let watched = Watched::new(self.store.clone(), Alive::beside(&self.path).ok());
        let overridden = self.endpoints != EndpointOverride::default();
        let syncer = |budget| Syncer {
            store: watched.clone(),
            graph: Graph {
                transport: self.transport.clone(),
                clock: self.clock.clone(),
                tokens: TokenCache::default(),
            },
            secrets: self.secrets.clone(),
            endpoints: self.endpoints.clone(),
            settings: Settings {
                budget,
                success_every: SUCCESS_EVERY,
                lease_margin: LEASE_MARGIN,
                seed: fastrand::u64(..),
            },
        };
        let real = syncer(if overridden { Budget::Unlimited } else { Budget::Microsoft });
        Arc::new(Syncers { real, simulated: syncer(Budget::Unlimited), watched })
    }
}

/// What syncs a desk's connections: Microsoft's limits are kept where Microsoft is asked.
#[derive(Debug)]
pub(crate) struct Syncers {
    real: DeskSyncer,
    simulated: DeskSyncer,
    pub(crate) watched: Watched,
}

pub(crate) type DeskAdmin = Admin<SqliteStore, SecretFile, MemoryAttempts, HttpsTransport>;

pub(crate) type DeskSyncer = Syncer<Watched, HttpsTransport, SecretFile>;

impl Syncers {
    /// The one for `connection`.
    pub(crate) fn of(&self, connection: &Connection) -> &DeskSyncer {
        if is_simulated(connection) { &self.simulated } else { &self.real }
    }
}

/// The store that a command works on.
#[derive(Clone, Debug)]
pub(crate) struct StorePath {
    pub(crate) path: PathBuf,
    /// By `--store`: a path that leads to no store is a mistake on the command line.
    is_given: bool,
}

impl StorePath {
    /// The one that was given, or `name` in the data folder.
    pub(crate) fn of(given: Option<&Path>, environment: &Environment, name: &str) -> Result<Self, Failure> {
        match (given, &environment.data_folder) {
            (Some(path), _) => Ok(Self { path: path.to_owned(), is_given: true }),
            (None, Some(folder)) => Ok(Self { path: folder.join(name), is_given: false }),
            (None, None) => {
                Err(Failure::Usage("there is no home folder for a store: give one with --store".into()))
            }
        }
    }

    /// Why it cannot be opened. A store that is there, and busy for now, is no mistake.
    fn refusal(&self, error: &StoreError) -> Failure {
        let text = format!("the store {}: {error}", self.path.display());
        let is_wrong = matches!(error, StoreError::Corrupt(_)) || !self.path.is_file();
        if self.is_given && is_wrong { Failure::Usage(text) } else { Failure::Refused(text) }
    }
}
