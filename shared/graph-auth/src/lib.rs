//! Client credentials → access token, and what Entra's refusals mean.
//!
//! Knows no Lambda and no AWS. [`request_token`] asks Entra once; [`TokenCache`] keeps what it gave.
//! [`Cause`] is the closed list of what can be wrong with a connection and what a person does about it.

mod cache;
mod cause;
mod cloud;
mod credential;
mod entra_error;
mod token;

pub use cache::TokenCache;
pub use cause::{Cause, Explanation, Field, Place};
pub use cloud::{
    BadOrigin, BadOverride, Cloud, EndpointOverride, Endpoints, PrivateHosts, TestOrigin, UnknownCloud,
};
pub use credential::{Credential, Identity};
pub use entra_error::{AuthError, EntraError};
pub use token::{AccessToken, Claims, TokenRequest, request_token};
