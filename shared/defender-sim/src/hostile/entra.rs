//! The tenant's Entra: secrets that are rotated, consent that comes and goes, tokens that end.
#![expect(clippy::cast_precision_loss, reason = "a mean time needs no last digits")]

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fastrand::Rng;

use super::hostility::Hostility;
use super::injected::{Hostile, Injected};
use super::ticks::{DAY, HOUR, MINUTE, SECOND};
use crate::{Kind, seeds};

/// The roles that a good token has.
const ROLES: &str = r#"["SecurityIncident.Read.All","SecurityAlert.Read.All"]"#;

#[derive(Debug)]
pub(super) struct Entra {
    rng: Rng,
    start: i64,
    calm: i64,
    next_rotation: i64,
    next_withdrawal: i64,
    consent_back: i64,
    /// How many secrets there were; the last one is valid.
    secret: u32,
    /// From when on the customer has entered which.
    entered: Vec<(i64, u32)>,
    /// Until when a token is good, and whether it has the roles.
    tokens: BTreeMap<u32, (i64, bool)>,
    issued: u32,
    /// Times without a working secret or without consent.
    pub(super) blackouts: Vec<(i64, i64)>,
}

/// Why a token does not open Graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    Expired,
    NoConsent,
}

impl Entra {
    pub(super) fn new(seed: u64, start: i64, calm: i64) -> Self {
        Self {
            rng: Rng::with_seed(seeds::mix(seed, 22)),
            start,
            calm,
            next_rotation: start,
            next_withdrawal: start,
            consent_back: i64::MIN,
            secret: 0,
            entered: vec![(i64::MIN, 0)],
            tokens: BTreeMap::new(),
            issued: 0,
            blackouts: Vec::new(),
        }
    }

    pub(super) fn advance(&mut self, now: i64, hostility: &Hostility) {
        while self.next_rotation <= now {
            let at = self.next_rotation;
            self.next_rotation = self.after(at, hostility.rotations_per_day);
            if at == self.start || at > self.calm {
                continue;
            }
            self.secret += 1;
            // The person who rotates enters the new one some time later.
            let entered = at
                + if self.rng.bool() { self.rng.i64(0..10 * SECOND) } else { self.rng.i64(0..40 * MINUTE) };
            self.entered.push((entered, self.secret));
            if self.rng.bool() {
                self.tokens.clear();
            }
            self.blackouts.push((at, entered));
        }
        while self.next_withdrawal <= now {
            let at = self.next_withdrawal;
            self.next_withdrawal = self.after(at, hostility.withdrawals_per_day);
            if at == self.start || at > self.calm {
                continue;
            }
            self.consent_back = at + MINUTE + self.rng.i64(0..20 * MINUTE);
            // Tokens that are out keep their roles, or are revoked with the consent.
            if self.rng.bool() {
                self.tokens.clear();
            }
            self.blackouts.push((at, self.consent_back));
        }
    }

    fn after(&mut self, at: i64, per_day: f64) -> i64 {
        if per_day == 0.0 {
            return i64::MAX;
        }
        at + 1 + seeds::wait(&mut self.rng, Duration::from_secs_f64(DAY as f64 / 1e7 / per_day))
    }

    /// The secret that the customer has entered by `now`.
    pub(super) fn entered(&self, now: i64) -> String {
        let last = self.entered.iter().rev().find(|(from, _)| *from <= now);
        secret(last.map_or(0, |(_, number)| *number))
    }

    /// A token for this secret; `None` when it is not the valid one.
    pub(super) fn issue(&mut self, given: &str, now: i64, hostility: &Hostility) -> Option<String> {
        if given != secret(self.secret) {
            return None;
        }
        self.issued += 1;
        let consent = now >= self.consent_back;
        let until = now + hostility.token_lifetime * SECOND;
        self.tokens.insert(self.issued, (until, consent));
        if self.tokens.len() > 16 {
            self.tokens.pop_first();
        }
        let roles = if consent { ROLES } else { "[]" };
        let claims = URL_SAFE_NO_PAD.encode(format!(r#"{{"roles":{roles}}}"#));
        Some(format!("t.{claims}.{}", self.issued))
    }

    pub(super) fn check(&self, token: &str, now: i64) -> Result<(), Refused> {
        let known = token.rsplit('.').next().and_then(|number| number.parse().ok());
        match known.and_then(|number: u32| self.tokens.get(&number)) {
            Some((until, _)) if now >= *until => Err(Refused::Expired),
            Some((_, true)) => Ok(()),
            Some((_, false)) => Err(Refused::NoConsent),
            None => Err(Refused::Expired),
        }
    }
}

fn secret(number: u32) -> String {
    format!("S~ecret+{number}&.%")
}

/// What a storm does to most answers for a while.
#[derive(Debug)]
pub(super) struct Storms {
    rng: Rng,
    start: i64,
    calm: i64,
    next: i64,
    until: i64,
    how: Hostile,
    /// The list that it strikes; `None`: both, and Entra.
    only: Option<Kind>,
    blackouts: Vec<(Option<Kind>, i64, i64)>,
}

impl Storms {
    pub(super) fn new(seed: u64, start: i64, calm: i64) -> Self {
        let rng = Rng::with_seed(seeds::mix(seed, 23));
        Self {
            rng,
            start,
            calm,
            next: start,
            until: i64::MIN,
            how: Hostile::ServerError,
            only: None,
            blackouts: Vec::new(),
        }
    }

    /// When a list did not answer well for a while.
    pub(super) fn blackouts_of(&self, kind: Kind) -> impl Iterator<Item = (i64, i64)> {
        let strikes = move |only: Option<Kind>| only.is_none_or(|only| only == kind);
        self.blackouts.iter().filter(move |(only, ..)| strikes(*only)).map(|(_, from, to)| (*from, *to))
    }

    pub(super) fn advance(&mut self, now: i64, hostility: &Hostility) {
        while self.next <= now {
            if hostility.storms_per_day == 0.0 {
                self.next = i64::MAX;
                return;
            }
            let at = self.next;
            let mean = Duration::from_secs_f64(86_400.0 / hostility.storms_per_day);
            self.next = at + 1 + seeds::wait(&mut self.rng, mean);
            if at == self.start || at > self.calm {
                continue;
            }
            // Mostly minutes, at times half a day.
            let long = self.rng.u32(..20) == 0;
            self.until = at + MINUTE + self.rng.i64(0..if long { 12 * HOUR } else { 30 * MINUTE });
            self.how = *seeds::pick(
                &mut self.rng,
                &[
                    Hostile::ServerError,
                    Hostile::ServerError,
                    Hostile::Unavailable,
                    Hostile::Throttled,
                    Hostile::ThrottledUnstated,
                    Hostile::Reset,
                    Hostile::Stall,
                    Hostile::NotJson,
                ],
            );
            self.only = *seeds::pick(&mut self.rng, &[None, None, Some(Kind::Incidents), Some(Kind::Alerts)]);
            self.blackouts.push((self.only, at, self.until));
        }
    }

    /// What this answer becomes, if it is in a storm. One that strikes one list strikes every answer of it.
    pub(super) fn strikes(
        &self,
        now: i64,
        list: Option<Kind>,
        rng: &mut Rng,
        injected: &mut Injected,
    ) -> Option<Hostile> {
        if now >= self.until {
            return None;
        }
        let (kind, strikes) = match self.only {
            Some(only) => (Hostile::StormOfOneList, list == Some(only)),
            None => (Hostile::Storm, rng.u32(..10) < 9),
        };
        strikes.then(|| {
            injected.count(kind);
            self.how
        })
    }
}
