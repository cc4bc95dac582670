//! Client credentials → access token, and what Entra's refusals mean.

mod cloud;

pub use cloud::{BadOrigin, Cloud, EndpointOverride, Endpoints, PrivateHosts, TestOrigin, UnknownCloud};
