//! An Entra and Graph tenant on your desk, for tests and the desk runner.
//!
//! [`Simulator`] is the core: a request and an instant in, an [`Outcome`] out; no sockets, no waiting, no
//! randomness but from its seed. [`InProcess`] puts it behind [`graph_http::Transport`], for simulated time;
//! [`serve`] puts it behind a socket.
//!
//! A [`TenantSpec`] says what a tenant is: what its administrator got wrong ([`Scenario`]) and which records
//! it has ([`Generator`]). What it holds at an instant follows from the seed, the start and what was written
//! to it: time passes when somebody asks. [`Simulator::history`] tells every version of every record, and
//! when a query could first find it; [`Simulator::requests`] tells what was asked; [`Faults`] lets things go
//! wrong on the way.
//!
//! ```
//! use defender_sim::{Kind, Outcome, Scenario, Simulator, TenantSpec};
//!
//! let now = "2026-11-23T08:00:00Z".parse().unwrap();
//! let simulator = Simulator::new(1, now);
//! let tenant = simulator.add_tenant(TenantSpec::new(1, Scenario::ExpiredSecret));
//! let form = format!(
//!     "grant_type=client_credentials&client_id={}&client_secret={}&scope=https://graph.microsoft.com/.default",
//!     tenant.client_id, tenant.secret
//! );
//! let uri = format!("https://login.microsoftonline.com/{}/oauth2/v2.0/token", tenant.tenant_id);
//! let request = http::Request::post(uri).body(form.into()).unwrap();
//! let Outcome::Answer(response) = simulator.answer(now, request) else { panic!("no answer") };
//! assert_eq!(response.status(), 401);
//! assert!(String::from_utf8_lossy(response.body()).contains("AADSTS7000222"));
//! assert!(simulator.history(tenant.tenant_id, Kind::Incidents).len() > 60);
//! ```
//!
//! What it answers is held against the reference and against recorded errors: see `data/README.md`.

mod dated;
mod dates;
mod entra;
mod evolvable;
mod faults;
mod graph;
pub mod hostile;
mod in_process;
mod journal;
mod kind;
mod model;
pub mod mutation;
mod outcome;
mod scenario;
mod seeds;
mod serve;
mod simulator;
mod stamp;
mod state;
mod table;
mod tenant;
mod tokens;
mod world;

pub use faults::Faults;
pub use in_process::InProcess;
pub use journal::Recorded;
pub use kind::Kind;
pub use outcome::{Broken, Content, Outcome, perform};
pub use scenario::{NotOnboarded, Scenario};
pub use serve::serve;
pub use simulator::Simulator;
pub use table::Version;
pub use tenant::{Assertion, Generator, TenantHandle, TenantSpec};
pub use world::Happening;
