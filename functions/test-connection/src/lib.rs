//! Is this connection good, and if not, why.
//!
//! [`Input`] → ordered checks → [`TestReport`]. The first check that fails names one cause and one remedy.
//! The lists are asked with the sync's own first query and a token that no cache supplied, so a test that
//! passes means that the next sync works. The library takes ports; only the bootstrap (feature `bootstrap`)
//! links Lambda.

mod answer;
mod ask_graph;
mod audit;
mod explain;
mod in_between;
mod input;
mod permissions;
mod report;
mod sign_in;
mod tenant;
mod tester;
mod waiting;

pub use answer::{BODY_CAP, handle};
pub use audit::{Subject, audited};
pub use input::{Candidate, Input};
pub use report::{Capabilities, Check, CheckId, Status, TestReport};
pub use tester::{LOOK_BACK, Tester};
pub use waiting::{Awaited, LONGEST_CONSENT_WAIT, LONGEST_WAIT, PAUSE, Pause, Waiting};
