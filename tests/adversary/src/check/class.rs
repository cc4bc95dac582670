//! By when a version must be stored, by the words of docs/guarantees.md.

use defender_sim::hostile::ticks::{DAY, SECOND};
use defender_sim::hostile::{Order, Tenant, Version};
use serde::{Deserialize, Serialize};

/// What is promised of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Class {
    /// It was there when the connection was made: when the first sync has read everything.
    Backfill,
    /// Visible within the overlap: after the next sync.
    Overlap,
    /// Within 24 hours: after the next hourly sweep.
    Hourly,
    /// Within 7 days, or without an instant: after the next daily sweep.
    Daily,
    /// Nothing: later than 7 days.
    Beyond,
    /// By two reads by id an hour apart, after a sweep has met it: the instant went back.
    Backward,
    /// Nothing: the instant did not move.
    InPlace,
    /// Nothing: from before the horizon.
    Older,
}

/// The overlap that every sync has at least, less the error of a `Date` that is cut to the second.
const OVERLAP: i64 = 295 * SECOND;

/// A sweep reaches back from an instant that was read up to, which is earlier than now by what an answer
/// takes.
const MARGIN: i64 = 60 * SECOND;

impl Class {
    /// `trusts_dates`: our clock is never so wrong that an answer's `Date` is not believed.
    pub(super) fn of(
        version: &Version,
        tenant: &Tenant,
        connected: i64,
        since: i64,
        trusts_dates: bool,
    ) -> Self {
        let everywhere = version.visible + tenant.hostility().worst_lag();
        if version.in_place {
            return Self::InPlace;
        }
        let late = everywhere - version.instant.unwrap_or(version.created);
        // After an instant of the future the next answer wins, where it says what time it is.
        match version.order {
            Order::BackFromFuture if trusts_dates && tenant.hostility().tells_time() => {}
            Order::Back | Order::BackFromFuture
                if tenant.hostility().tells_time() && late <= 7 * DAY - MARGIN =>
            {
                return Self::Backward;
            }
            Order::Back | Order::BackFromFuture => return Self::Beyond,
            Order::Forward => {}
        }
        let Some(instant) = version.instant else {
            return match everywhere <= connected {
                true if tenant.hostility().keeps_order() => Self::Backfill,
                true if version.created > connected - 6 * DAY => Self::Daily,
                true => Self::Older,
                false if late <= 7 * DAY - MARGIN => Self::Daily,
                false => Self::Beyond,
            };
        };
        if instant < since {
            return Self::Older;
        }
        if everywhere <= connected {
            return Self::Backfill;
        }
        match late {
            _ if late <= OVERLAP => Self::Overlap,
            _ if late <= DAY - MARGIN => Self::Hourly,
            _ if late <= 7 * DAY - MARGIN => Self::Daily,
            _ => Self::Beyond,
        }
    }

    /// Whether anything is promised of it.
    pub(super) fn is_promised(self) -> bool {
        matches!(self, Self::Backfill | Self::Overlap | Self::Hourly | Self::Daily)
    }
}
