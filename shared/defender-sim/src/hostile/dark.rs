//! Until when a list was not to be had, told by what the tenant answered: a caller that did all it could read
//! nothing of the list until then.

use crate::Kind;

use super::ticks::{HOUR, MINUTE, SECOND};

/// How an answer counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counts {
    /// The list was answered.
    Answered,
    /// Something else was, such as a token.
    Neither,
    /// It went wrong; the next one may be good.
    Failed,
    /// Until then the tenant asks to be left alone.
    Wait(i64),
    /// It was refused, and whoever is refused again and again may well ask less often.
    Refused,
    /// The token was refused. A new one may be taken at once; whoever is refused again right away may ask later.
    TokenRefused,
}

/// A refusal is asked about again after 1, 5, 15 and then every 60 minutes. Runs that overlap may each count one.
const FIRST_BACK_OFF: i64 = 15 * MINUTE;
const LONGEST_BACK_OFF: i64 = HOUR;

/// A refusal that comes so much later is the first one of another row, where the list was answered meanwhile.
const FORGOTTEN: i64 = 2 * HOUR;

/// The back-off counts from the end of the run that was refused, which two runs at once and answers that hang put off by
/// minutes; the next run is a minute later.
const NEXT_RUN: i64 = 6 * MINUTE;

/// What is known of each list.
#[derive(Debug, Default)]
pub(super) struct Dark([List; 2]);

#[derive(Debug)]
struct List {
    until: i64,
    /// The first and the last refusal in a row.
    refused: Option<(i64, i64)>,
    /// Whether the list was answered since its last refusal.
    is_answered: bool,
    /// Whether the last request for the list was refused for its token.
    is_token_refused: bool,
}

impl Default for List {
    fn default() -> Self {
        Self { until: i64::MIN, refused: None, is_answered: true, is_token_refused: false }
    }
}

impl Dark {
    /// Takes down an answer that reaches its caller at `at`; `list`: `None` for both.
    pub(super) fn note(&mut self, list: Option<Kind>, answer: Counts, at: i64) {
        for kind in [Kind::Incidents, Kind::Alerts] {
            if list.is_none_or(|list| list == kind) {
                self.0[kind as usize].note(answer, at);
            }
        }
    }

    pub(super) fn until(&self, kind: Kind) -> i64 {
        self.0[kind as usize].until
    }
}

impl List {
    fn note(&mut self, answer: Counts, at: i64) {
        let was_token = self.is_token_refused;
        let dark = match answer {
            // It says nothing of the list.
            Counts::Neither => return,
            Counts::Answered => {
                (self.is_answered, self.is_token_refused) = (true, false);
                return;
            }
            Counts::TokenRefused if !was_token => at,
            Counts::Failed => at,
            Counts::Wait(asked) => asked + 5 * SECOND,
            Counts::Refused | Counts::TokenRefused => at + self.back_off(at),
        };
        self.is_token_refused = answer == Counts::TokenRefused;
        self.until = dark.max(self.until);
    }

    /// How long whoever is refused now may leave the list alone.
    fn back_off(&mut self, at: i64) -> i64 {
        let is_answered = std::mem::replace(&mut self.is_answered, false);
        let goes_on = |latest: i64| !is_answered || at - latest < FORGOTTEN;
        let (since, latest) = self.refused.filter(|(_, latest)| goes_on(*latest)).unwrap_or((at, at));
        self.refused = Some((since, latest.max(at)));
        let is_first = at - since < MINUTE;
        NEXT_RUN + if is_first { FIRST_BACK_OFF } else { LONGEST_BACK_OFF }
    }
}
