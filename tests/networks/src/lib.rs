//! Networks on loopback that are in the way of a test's requests: certificates of an own CA, and
//! connections that die without a word. What is behind them is a server of the test's.

mod authority;
mod front;
mod listening;

pub use authority::{Authority, Shown};
pub use front::Front;
