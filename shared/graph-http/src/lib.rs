//! The one seam to the network that Entra and Graph are reached through.
//!
//! [`Transport`] has one method, request → response. Everything that must also hold in simulated time
//! stands above it: [`exchange`] with its time-out and body cap, [`retry`] with its waits, [`Clock`].

mod clients;
mod clock;
mod connect_error;
mod detour;
mod exchange;
mod https;
mod network;
mod proxy;
mod proxy_answer;
pub mod retry;
mod roots;
mod transport;

pub use clock::{Clock, Deadline};
pub use exchange::{Answer, Fault, Limits, exchange};
pub use https::HttpsTransport;
pub use network::Network;
pub use proxy::{BadProxy, Proxy};
pub use roots::{BadRoots, MoreRoots};
pub use transport::{Request, RequestBody, Transport, TransportError};
