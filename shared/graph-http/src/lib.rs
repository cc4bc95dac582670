//! The one seam to the network that Entra and Graph are reached through.
//!
//! [`Transport`] has one method, request → response. Everything that must also hold in simulated time
//! stands above it: [`exchange`] with its time-out and body cap, [`retry`] with its waits, [`Clock`].

mod clients;
mod clock;
mod connect_error;
mod connecting;
mod detour;
mod exchange;
mod https;
mod loose;
mod network;
mod proxy;
mod proxy_answer;
pub mod retry;
mod roots;
mod spent;
mod transport;

pub use clock::{Clock, Deadline};
pub use connecting::Connecting;
pub use exchange::{Answer, Fault, Limits, exchange};
pub use https::HttpsTransport;
pub use loose::Loose;
pub use network::Network;
pub use proxy::{BadProxy, Proxy};
pub use roots::{BadRoots, MoreRoots};
pub use spent::{Spent, Unanswered};
pub use transport::{Request, RequestBody, Transport, TransportError};
