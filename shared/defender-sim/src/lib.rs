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
//! What it answers is held against the reference and against recorded errors: see `data/README.md`.

mod dates;
mod entra;
mod evolvable;
mod faults;
mod graph;
mod in_process;
mod journal;
mod model;
mod outcome;
mod scenario;
mod seeds;
mod serve;
mod simulator;
mod stamp;
mod table;
mod tenant;
mod tokens;
mod world;

pub use faults::Faults;
pub use in_process::InProcess;
pub use journal::Recorded;
pub use outcome::{Broken, Content, Outcome};
pub use scenario::{NotOnboarded, Scenario};
pub use serve::serve;
pub use simulator::{Kind, Simulator};
pub use table::Version;
pub use tenant::{Assertion, Generator, TenantHandle, TenantSpec};
pub use world::Happening;
