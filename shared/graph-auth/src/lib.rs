//! Client credentials → access token, and what Entra's refusals mean.
//!
//! Knows no Lambda and no AWS. [`request_token`] asks Entra once; [`TokenCache`] keeps what it gave.
//! [`Cause`] is the closed list of what can be wrong with a connection and what a person does about it; [`CODES`] is
//! the one table of Entra's numbers behind the causes.

mod cache;
mod cause;
mod cloud;
mod codes;
mod credential;
mod entra_error;
mod explanation;
mod place;
mod token;

pub use cache::TokenCache;
pub use cause::Cause;
pub use cloud::{
    BadOrigin, BadOverride, Cloud, EndpointOverride, Endpoints, PrivateHosts, TestOrigin, UnknownCloud,
};
pub use codes::{CODES, Codes, Source};
pub use credential::{Credential, Identity};
pub use entra_error::{AuthError, EntraError, oauth_error};
pub use explanation::{Explanation, Field};
pub use place::Place;
pub use token::{AccessToken, Claims, TokenRequest, request_token};
