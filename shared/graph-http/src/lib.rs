//! The one seam to the network that Entra and Graph are reached through.
//!
//! [`Transport`] has one method, request → response. Everything that must also hold in simulated time
//! stands above it: [`exchange`] with its time-out and body cap, [`retry`] with its waits, [`Clock`].

mod clock;
mod exchange;
mod https;
mod loose;
pub mod retry;
mod spent;
mod transport;

pub use clock::{Clock, Deadline};
pub use exchange::{Answer, Fault, Limits, exchange};
pub use https::HttpsTransport;
pub use loose::Loose;
pub use spent::{Spent, Unanswered};
pub use transport::{Request, RequestBody, Transport, TransportError};
