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
}

/// A refusal is asked about again after 1, 5, 15 and then every 60 minutes. Runs that overlap may each count one.
const FIRST_BACK_OFF: i64 = 15 * MINUTE;
const LONGEST_BACK_OFF: i64 = HOUR;

/// A refusal that comes later is the first one of another row.
const FORGOTTEN: i64 = 2 * HOUR;

/// The back-off counts from the end of the run that was refused, which two runs at once and answers that hang put off by
/// minutes; the next run is a minute later.
const NEXT_RUN: i64 = 6 * MINUTE;

#[derive(Debug)]
pub(super) struct Dark {
    until: [i64; 2],
    /// The first and the last refusal in a row.
    refused: [Option<(i64, i64)>; 2],
}

impl Default for Dark {
    fn default() -> Self {
        Self { until: [i64::MIN; 2], refused: [None; 2] }
    }
}

impl Dark {
    /// Takes down an answer that reaches its caller at `at`; `list`: `None` for both.
    pub(super) fn note(&mut self, list: Option<Kind>, answer: Counts, at: i64) {
        for kind in [Kind::Incidents, Kind::Alerts] {
            if list.is_some_and(|list| list != kind) {
                continue;
            }
            let (until, refused) = (&mut self.until[kind as usize], &mut self.refused[kind as usize]);
            let dark = match answer {
                Counts::Answered | Counts::Neither => continue,
                Counts::Failed => at,
                Counts::Wait(asked) => asked + 5 * SECOND,
                Counts::Refused => {
                    let (since, latest) =
                        refused.filter(|(_, latest)| at - latest < FORGOTTEN).unwrap_or((at, at));
                    *refused = Some((since, latest.max(at)));
                    let is_first = at - since < MINUTE;
                    at + if is_first { FIRST_BACK_OFF } else { LONGEST_BACK_OFF } + NEXT_RUN
                }
            };
            *until = dark.max(*until);
        }
    }

    pub(super) fn until(&self, kind: Kind) -> i64 {
        self.until[kind as usize]
    }
}
