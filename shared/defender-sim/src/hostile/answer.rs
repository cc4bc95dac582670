//! From a request to its answer, and what goes wrong on the way.
#![expect(clippy::result_large_err, reason = "what goes wrong is as usual here as an answer")]

use std::time::Duration;

use bytes::Bytes;
use fastrand::Rng;
use http::header::{AUTHORIZATION, DATE, RETRY_AFTER, WARNING};
use http::{HeaderValue, Request, Response, StatusCode};

use super::dark::Counts;
use super::entra::Refused;
use super::hostility::{Dated, Hostility, Literals, Order};
use super::injected::Hostile;
use super::paging::{Shelf, link_option, path};
use super::query::Query;
use super::ticks::{DAY, SECOND, to_timestamp};
use super::twists::Trouble;
use super::version::record_of;
use super::world::ids_and_instants;
use super::{State, list_of};
use crate::dates::http_date;
use crate::outcome::Outcome;
use crate::{Kind, seeds};

/// A 429 that states no time may be taken for this one.
const UNSTATED_RETRY_AFTER: i64 = 60 * SECOND;

/// What an answer becomes at the end.
type Fate = Result<Response<Bytes>, Outcome>;

impl State {
    pub(super) fn answer(&mut self, now: i64, request: &Request<Bytes>, hostility: &Hostility) -> Outcome {
        let latency = Duration::from_millis(10 + self.rng.u64(..hostility.latency));
        let list = list_of(request.uri().path()).map(|(kind, _)| kind);
        self.requests += u64::from(list.is_some());
        self.counts = if list.is_some() { Counts::Answered } else { Counts::Neither };
        let outcome = match self.fate(now, request, hostility) {
            Ok(response) => Outcome::Answer(response),
            Err(outcome) => outcome,
        };
        self.dark.note(list, self.counts, now);
        match outcome {
            Outcome::Stall | Outcome::Reset => outcome,
            other => Outcome::Delayed(latency, Box::new(other)),
        }
    }

    fn fate(&mut self, now: i64, request: &Request<Bytes>, hostility: &Hostility) -> Fate {
        let list = list_of(request.uri().path());
        let kind = list.map(|(kind, _)| kind);
        if let Some(how) = self.storms.strikes(now, kind, &mut self.rng, &mut self.injected) {
            return self.wrong(now, how, Response::new(Bytes::new()));
        }
        let Some((kind, rest)) = list else {
            return Ok(self.token(now, request, hostility));
        };
        if let Some((trouble, until)) = self.troubles.of(kind, now) {
            return Ok(self.trouble(trouble, now, until));
        }
        let mut response = match self.refusal(now, request) {
            Some(refusal) => refusal,
            None => self.graph(now, kind, rest, request, hostility)?,
        };
        self.date(now, &mut response, hostility);
        if response.status() == StatusCode::OK
            && now < self.calm
            && let Some(how) = self.drawn(hostility)
        {
            return self.wrong(now, how, response);
        }
        Ok(response)
    }

    fn token(&mut self, now: i64, request: &Request<Bytes>, hostility: &Hostility) -> Response<Bytes> {
        let form = url::form_urlencoded::parse(request.body());
        let secret = form.into_iter().find_map(|(name, value)| (name == "client_secret").then_some(value));
        let Some(token) = self.entra.issue(&secret.unwrap_or_default(), now, hostility) else {
            self.injected.count(Hostile::SecretRefused);
            self.counts = Counts::Refused;
            let body = r#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided.","error_codes":[7000215]}"#;
            return json(401, body.to_owned());
        };
        let lifetime = hostility.token_lifetime;
        // A token may end before it says.
        let said = if lifetime < 100 { 3_599 } else { lifetime };
        json(200, format!(r#"{{"token_type":"Bearer","expires_in":{said},"access_token":"{token}"}}"#))
    }

    fn refusal(&mut self, now: i64, request: &Request<Bytes>) -> Option<Response<Bytes>> {
        let token = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        match self.entra.check(token.unwrap_or_default(), now) {
            Ok(()) => None,
            Err(Refused::Expired) => {
                self.injected.count(Hostile::TokenExpired);
                self.counts = Counts::TokenRefused;
                Some(problem(401, "InvalidAuthenticationToken", "Lifetime validation failed."))
            }
            Err(Refused::NoConsent) => {
                self.injected.count(Hostile::ConsentMissing);
                self.counts = Counts::Refused;
                let text = "Missing application roles. API required roles: SecurityIncident.Read.All, application roles: .";
                Some(problem(403, "Forbidden", text))
            }
        }
    }

    fn graph(
        &mut self,
        now: i64,
        kind: Kind,
        rest: &str,
        request: &Request<Bytes>,
        hostility: &Hostility,
    ) -> Fate {
        let view = self.rng.usize(..self.world.views.len());
        if view > 0 {
            self.injected.count(Hostile::LaggingFrontEnd);
        }
        if let Some(id) = rest.strip_prefix('/') {
            return self.single(now, kind, id, view, hostility);
        }
        let text = request.uri().query().unwrap_or_default();
        let Some(query) = Query::parse(text, hostility.literals, hostility.skip_ignored) else {
            return Ok(problem(400, "BadRequest", "not understood"));
        };
        let most = if kind == Kind::Incidents { 50 } else { 1_000 };
        if query.top > most {
            return Ok(problem(400, "", "The limit of '50' for Top query has been exceeded."));
        }
        self.count_query(text, &query, hostility);
        let is_link = text.contains("$skiptoken");
        if is_link && now < self.calm && self.rng.f64() < hostility.link_expires {
            self.injected.count(Hostile::LinkExpired);
            return Ok(if self.rng.bool() {
                problem(400, "BadRequest", "")
            } else {
                problem(410, "Gone", "")
            });
        }
        self.list(now, kind, &query, text, view, hostility)
    }

    fn list(
        &mut self,
        now: i64,
        kind: Kind,
        query: &Query,
        text: &str,
        view: usize,
        hostility: &Hostility,
    ) -> Fate {
        let world = &self.world;
        let calm = now >= self.calm;
        let rows = Shelf { list: world.views[view].list(kind), versions: &world.versions, hostility, calm };
        let cut = rows.cut(query, &mut self.snapshots, &mut self.rng, &mut self.injected);
        let Some(mut cut) = cut else {
            self.injected.count(Hostile::LinkExpired);
            return Ok(problem(410, "Gone", ""));
        };
        let poison = cut.versions.iter().find_map(|index| {
            let poison = world.poison_of(kind, world.versions[*index as usize].record, now)?;
            (!query.ids_only || poison.hides_ids).then_some(poison.how)
        });
        if let Some(how) = poison {
            self.injected.count(Hostile::Poison);
            return self.wrong(now, how, json(200, r#"{"value":["#.to_owned()));
        }
        if hostility.order == Order::NewestFirst && cut.versions.len() > 1 {
            self.injected.count(Hostile::OrderIgnored);
        }
        let mut warned = None;
        let answers = &hostility.answers;
        if now < self.calm && !cut.versions.is_empty() {
            for (rate, kind) in [(answers.partial, Hostile::Partial), (answers.warning, Hostile::Warning)] {
                if self.rng.f64() < rate {
                    warned = Some(kind);
                }
            }
        }
        if let Some(kind) = warned {
            let (rng, all) = (&mut self.rng, cut.versions.len());
            cut.versions.retain(|_| rng.u32(..3) > 0);
            if cut.versions.len() < all {
                self.injected.count(kind);
            }
            self.counts = Counts::Failed;
        }
        let next = cut.next.map(|position| {
            let option = link_option(position);
            self.link(kind, text, &option, calm, hostility)
        });
        let body = self.page(kind, &cut.versions, query.ids_only, next.as_deref(), hostility);
        let mut response = json(200, body);
        match warned {
            Some(Hostile::Partial) => *response.status_mut() = StatusCode::PARTIAL_CONTENT,
            Some(_) => {
                let text = HeaderValue::from_static("199 - \"Provider timed out\"");
                response.headers_mut().insert(WARNING, text);
            }
            None => {}
        }
        Ok(response)
    }

    fn link(&mut self, kind: Kind, text: &str, option: &str, calm: bool, hostility: &Hostility) -> String {
        const HOME: &str = "https://graph.microsoft.com";
        let asked: Vec<&str> = text.split('&').filter(|option| !option.starts_with("$skip")).collect();
        let good = format!("{HOME}{}?{}&{option}", path(kind), asked.join("&"));
        if calm {
            return good;
        }
        let mut share = self.rng.f64();
        if share < hostility.link_loops {
            self.injected.count(Hostile::LinkLoops);
            return format!("{HOME}{}?{text}", path(kind));
        }
        share -= hostility.link_loops;
        if share < hostility.link_foreign {
            self.injected.count(Hostile::LinkForeign);
            return if self.rng.bool() {
                good.replace("graph.microsoft.com", "graph.microsoft.com.evil.example")
            } else {
                format!("{HOME}/v1.0/users?{option}")
            };
        }
        good
    }

    fn page(
        &mut self,
        kind: Kind,
        versions: &[u32],
        ids_only: bool,
        next: Option<&str>,
        hostility: &Hostility,
    ) -> String {
        let mut body = String::with_capacity(100 + versions.len() * 300);
        body.push_str(r#"{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#security","value":["#);
        for (place, index) in versions.iter().enumerate() {
            let version = &self.world.versions[*index as usize];
            if place > 0 {
                body.push(',');
            }
            let start = body.len();
            if ids_only {
                body.push_str(&ids_and_instants(version));
            } else {
                body.push_str(&version.row);
            }
            if hostility.twists.annotated > 0.0 && self.twist_rng.f64() < hostility.twists.annotated {
                self.injected.count(Hostile::Annotated);
                annotate(&mut body, start, kind, &mut self.twist_rng);
            }
        }
        body.push(']');
        if let Some(next) = next {
            body.push_str(r#","@odata.nextLink":""#);
            body.push_str(next);
            body.push('"');
        }
        body.push('}');
        body
    }

    /// One record, or an incident's alerts.
    fn single(&mut self, now: i64, kind: Kind, rest: &str, view: usize, hostility: &Hostility) -> Fate {
        let (id, alerts) = match rest.strip_suffix("/alerts") {
            Some(id) => (id, true),
            None => (rest, false),
        };
        let record = record_of(kind, id);
        let shown = record.and_then(|record| self.world.views[view].list(kind).version(record));
        let (Some(record), Some(index)) = (record, shown) else {
            return Ok(problem(404, "ResourceNotFound", ""));
        };
        let wanted: Vec<u32> = if alerts {
            let list = self.world.views[view].list(Kind::Alerts);
            let of_it = |index: &u32| self.world.versions[*index as usize].incident == record;
            list.current.iter().filter_map(|index| *index).filter(of_it).collect()
        } else {
            vec![index]
        };
        let kind = if alerts { Kind::Alerts } else { kind };
        let poison = wanted
            .iter()
            .find_map(|index| self.world.poison_of(kind, self.world.versions[*index as usize].record, now));
        if let Some(how) = poison.map(|poison| poison.how) {
            self.injected.count(Hostile::Poison);
            return self.wrong(now, how, json(200, "{\"value\":[".to_owned()));
        }
        if alerts {
            return Ok(json(200, self.page(kind, &wanted, false, None, hostility)));
        }
        let mut row = self.world.versions[index as usize].row.to_string();
        if hostility.twists.annotated > 0.0 {
            self.injected.count(Hostile::Annotated);
            annotate(&mut row, 0, kind, &mut self.twist_rng);
        }
        Ok(json(200, row))
    }

    /// One list is not answered for a while.
    fn trouble(&mut self, trouble: Trouble, now: i64, until: i64) -> Response<Bytes> {
        match trouble {
            Trouble::Refused(status) => {
                self.injected.count(Hostile::ListRefused);
                self.counts = Counts::Refused;
                problem(status.as_u16(), "Forbidden", "The caller may not read this list.")
            }
            Trouble::Wait(status) => {
                self.injected.count(Hostile::ListWaits);
                let seconds = u32::try_from((until - now + SECOND - 1) / SECOND).unwrap_or(1);
                self.counts = Counts::Wait(now + i64::from(seconds) * SECOND);
                let mut response = problem(status.as_u16(), "TooManyRequests", "");
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
                response
            }
        }
    }

    fn count_query(&mut self, text: &str, query: &Query, hostility: &Hostility) {
        if hostility.skip_ignored && text.contains("$skip=") {
            self.injected.count(Hostile::SkipIgnored);
        }
        // Most literals are of whole seconds, which nothing changes.
        let exact = || Query::parse(text, Literals::Exact, hostility.skip_ignored);
        let is_changed = || exact().is_some_and(|exact| exact != *query);
        match hostility.literals {
            Literals::Truncated(_) if is_changed() => self.injected.count(Hostile::LiteralTruncated),
            Literals::Rounded(_) if is_changed() => self.injected.count(Hostile::LiteralRounded),
            Literals::Ignored if text.contains("$filter") => self.injected.count(Hostile::FilterIgnored),
            _ => {}
        }
    }

    fn date(&mut self, now: i64, response: &mut Response<Bytes>, hostility: &Hostility) {
        let dated = match hostility.dated {
            Dated::Always => true,
            Dated::Sometimes => self.rng.u32(..4) > 0,
            Dated::Never => false,
        };
        if !dated {
            self.injected.count(Hostile::NoDate);
            return;
        }
        let mut off = self.rng.i64(-hostility.date_off..=hostility.date_off);
        if self.rng.f64() < hostility.date_wild {
            off = *seeds::pick(&mut self.rng, &[1, -1, 400, -400]) * DAY / SECOND;
            self.injected.count(Hostile::DateWild);
        } else if off != 0 {
            self.injected.count(Hostile::DateOff);
        }
        response.headers_mut().insert(DATE, http_date(to_timestamp(now + off * SECOND)));
    }

    fn drawn(&mut self, hostility: &Hostility) -> Option<Hostile> {
        let answers = &hostility.answers;
        let mut share = self.rng.f64();
        [
            (answers.throttled, Hostile::Throttled),
            (answers.throttled_unstated, Hostile::ThrottledUnstated),
            (answers.unavailable, Hostile::Unavailable),
            (answers.server_error, Hostile::ServerError),
            (answers.reset, Hostile::Reset),
            (answers.stall, Hostile::Stall),
            (answers.truncated, Hostile::Truncated),
            (answers.broken_off, Hostile::BrokenOff),
            (answers.not_json, Hostile::NotJson),
            (answers.no_array, Hostile::NoArray),
        ]
        .into_iter()
        .find_map(|(rate, how)| {
            let hit = share < rate;
            share -= rate;
            hit.then_some(how)
        })
    }

    /// What becomes of an answer that goes wrong so.
    fn wrong(&mut self, now: i64, how: Hostile, good: Response<Bytes>) -> Fate {
        self.injected.count(how);
        self.counts = Counts::Failed;
        let counts = &mut self.counts;
        let mut retry_after = |mut response: Response<Bytes>, seconds: u32| {
            *counts = Counts::Wait(now + i64::from(seconds) * SECOND);
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
            response
        };
        let half = good.body().len() / 2;
        Err(Outcome::Answer(match how {
            Hostile::Throttled => {
                let seconds = if self.rng.u32(..10) == 0 { 600 } else { 1 + self.rng.u32(..90) };
                retry_after(problem(429, "TooManyRequests", ""), seconds)
            }
            Hostile::ThrottledUnstated => {
                self.counts = Counts::Wait(now + UNSTATED_RETRY_AFTER);
                problem(429, "TooManyRequests", "")
            }
            Hostile::Unavailable => retry_after(problem(503, "", ""), 1 + self.rng.u32(..30)),
            Hostile::Reset => return Err(Outcome::Reset),
            Hostile::Stall => {
                return Err(if self.rng.bool() { Outcome::Stall } else { Outcome::StalledBody(good, half) });
            }
            Hostile::BrokenOff => return Err(Outcome::BrokenOff(good, half)),
            Hostile::Truncated => good.map(|body| body.slice(..half)),
            Hostile::NotJson => good.map(|_| Bytes::from_static(b"<html>Bad gateway</html>")),
            Hostile::NoArray => good.map(|_| Bytes::from_static(br#"{"value":{}}"#)),
            _ => problem(*seeds::pick(&mut self.rng, &[500, 502, 504]), "InternalServerError", ""),
        }))
    }
}

/// Puts control annotations into the row that begins at `start`: before its members, or after them.
fn annotate(body: &mut String, start: usize, kind: Kind, rng: &mut Rng) {
    let list = if kind == Kind::Incidents { "incidents" } else { "alerts_v2" };
    if rng.bool() {
        let context = format!(
            r#""@odata.context":"https://graph.microsoft.com/v1.0/$metadata#security/{list}/$entity","@odata.etag":"W/\"{}\"","#,
            rng.u16(..)
        );
        body.insert_str(start + 1, &context);
    } else {
        body.pop();
        body.push_str(r##","status@odata.type":"#microsoft.graph.security.status","@odata.type":"#x"}"##);
    }
}

fn json(status: u16, body: String) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    response
}

fn problem(status: u16, code: &str, message: &str) -> Response<Bytes> {
    json(status, format!(r#"{{"error":{{"code":"{code}","message":"{message}"}}}}"#))
}
