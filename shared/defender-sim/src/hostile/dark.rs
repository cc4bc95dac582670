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

#[derive(Debug)]
pub(super) struct Dark {
    until: [i64; 2],
    /// The first and the last refusal in a row.
    refused: [Option<(i64, i64)>; 2],
    /// Whether the list was answered since its last refusal.
    answered: [bool; 2],
    /// Whether the last request for the list was refused for its token.
    token_refused: [bool; 2],
}

impl Default for Dark {
    fn default() -> Self {
        Self { until: [i64::MIN; 2], refused: [None; 2], answered: [true; 2], token_refused: [false; 2] }
    }
}

impl Dark {
    /// Takes down an answer that reaches its caller at `at`; `list`: `None` for both.
    pub(super) fn note(&mut self, list: Option<Kind>, answer: Counts, at: i64) {
        for kind in [Kind::Incidents, Kind::Alerts] {
            if list.is_some_and(|list| list != kind) || answer == Counts::Neither {
                continue;
            }
            let list = kind as usize;
            let was_token = std::mem::replace(&mut self.token_refused[list], answer == Counts::TokenRefused);
            let dark = match answer {
                Counts::Neither | Counts::Answered => {
                    self.answered[list] = true;
                    continue;
                }
                Counts::TokenRefused if !was_token => at,
                Counts::Failed => at,
                Counts::Wait(asked) => asked + 5 * SECOND,
                Counts::Refused | Counts::TokenRefused => at + self.back_off(list, at),
            };
            self.until[list] = dark.max(self.until[list]);
        }
    }

    /// How long whoever is refused now may leave the list alone.
    fn back_off(&mut self, list: usize, at: i64) -> i64 {
        let answered = std::mem::replace(&mut self.answered[list], false);
        let goes_on = |latest: i64| !answered || at - latest < FORGOTTEN;
        let (since, latest) = self.refused[list].filter(|(_, latest)| goes_on(*latest)).unwrap_or((at, at));
        self.refused[list] = Some((since, latest.max(at)));
        let is_first = at - since < MINUTE;
        NEXT_RUN + if is_first { FIRST_BACK_OFF } else { LONGEST_BACK_OFF }
    }

    pub(super) fn until(&self, kind: Kind) -> i64 {
        self.until[kind as usize]
    }
}
