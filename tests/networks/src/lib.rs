//! Networks on loopback that are in the way of a test's requests: certificates of an own CA, connections that die
//! without a word, proxies, and ports at which nobody
//! answers. What is behind them is a server of the test's.

mod authority;
mod front;
mod listening;
mod proxy;
mod refusing;

pub use authority::{Authority, Shown};
pub use front::Front;
pub use proxy::{Asked, Manners, Proxy};
pub use refusing::Refusing;
