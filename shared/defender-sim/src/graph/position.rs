//! A place in a list.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::table::Key;

/// A place in an order: what `$skiptoken` says, so that rows that change meanwhile shift nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position(pub(super) Key);

impl Position {
    pub(crate) fn encode(self) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}/{}", self.0.0, self.0.1))
    }

    pub(crate) fn decode(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (ticks, slot) = std::str::from_utf8(&bytes).ok()?.split_once('/')?;
        Some(Self((ticks.parse().ok()?, slot.parse().ok()?)))
    }
}
