//! The ids that Graph gives an exchange.

use fastrand::Rng;

use crate::seeds;
use crate::state::Asked;

/// The ids of one exchange, in its headers and in an error's body.
pub(crate) struct Ids {
    pub(super) request: String,
    pub(super) client: String,
}

impl Ids {
    pub(super) fn new(rng: &mut Rng, asked: &Asked<'_>) -> Self {
        let request = seeds::uuid(rng).to_string();
        let client = asked.header("client-request-id").unwrap_or(&request).to_owned();
        Self { request, client }
    }
}
