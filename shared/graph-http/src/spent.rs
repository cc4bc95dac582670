//! How a request came to nothing: how often it was sent, and how long that took.

use std::fmt;
use std::time::Duration;

use crate::Fault;

/// What was spent on a request that failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// How often it was sent.
    pub tries: u32,
    /// From the first try to the last one's end, waits included.
    pub elapsed: Duration,
}

impl fmt::Display for Spent {
    /// `, 4 tries in 3512 ms`; nothing where there was one try only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.tries {
            0 | 1 => Ok(()),
            tries => write!(f, ", {tries} tries in {} ms", self.elapsed.as_millis()),
        }
    }
}

/// A request that got no whole answer. Its source is the last fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{fault}{spent}")]
pub struct Unanswered {
    /// The last try's.
    #[source]
    pub fault: Fault,
    /// All tries.
    pub spent: Spent,
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;
    use crate::TransportError;

    #[test]
    fn an_error_tells_how_often_and_why() {
        let fault = Fault::Transport(TransportError::Broken("reset".into()));
        let spent = Spent { tries: 4, elapsed: Duration::from_millis(3512) };
        let unanswered = Unanswered { fault: fault.clone(), spent };
        assert_eq!(unanswered.to_string(), "connection broke: reset, 4 tries in 3512 ms");
        assert_eq!(unanswered.source().unwrap().to_string(), fault.to_string());
        let once = Unanswered { spent: Spent { tries: 1, ..spent }, ..unanswered };
        assert_eq!(once.to_string(), "connection broke: reset");
    }
}
