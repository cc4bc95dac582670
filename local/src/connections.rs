//! `connections add`, `list` and `remove`.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::time::Duration;

use connections::{Expected, Refusal};
use graph_auth::Credential;
use incident_store::{Capabilities, ConnectionId, NewConnection, Records};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde::Serialize;
use test_connection::Candidate;

use crate::args::AddArgs;
use crate::desk::{Desk, OWNER};
use crate::environment::Environment;
use crate::failure::Failure;
use crate::input;
use crate::secret_input;
use crate::text::{self, aside_text, count, label, plain, span};
use crate::view::{self, View};

/// How often a real connection is synced.
pub(crate) const INTERVAL: Duration = Duration::from_secs(60);

/// How far back the first sync goes where nothing else is asked for.
const FIRST_SYNC_DAYS: i64 = 30;

/// Microsoft keeps incidents and alerts this long:
/// <https://learn.microsoft.com/defender-xdr/data-privacy>
const RETENTION_DAYS: i64 = 180;

pub(crate) async fn add(desk: &Desk, args: AddArgs, environment: &mut Environment) -> Result<(), Failure> {
    let since = first_sync(args.since, desk.clock.now()).map_err(Failure::Usage)?;
    input::check_ids(&args.tenant_id, &args.client_id)?;
    let secret = secret_input::read(environment)?;
    let input = input::input(&args.tenant_id, &args.client_id, args.cloud.name(), secret);
    let Candidate { identity, cloud, .. } = input.candidate().map_err(input::refusal)?;
    let Credential::ClientSecret(secret) = identity.credential;
    let settings = NewConnection {
        owner: OWNER.to_owned(),
        name: text::name(args.name.as_deref()),
        tenant_id: identity.tenant_id,
        client_id: identity.client_id,
        cloud,
        since,
        interval: INTERVAL,
        secret_expires: args.secret_expires,
    };
    desk.clean().await?;
    let connection = desk.admin(Duration::ZERO).save(settings, secret, Capabilities::default()).await?;
    desk.remove_simulated().await?;
    let mut out = io::stdout().lock();
    if args.json {
        let views = view::connections(desk).await?;
        return json(&mut out, &views.iter().find(|view| view.of.id == connection.id));
    }
    writeln!(out, "{}", connection.id)?;
    eprintln!(
        "{} is entered; test it with `soc-anywhere test-connection --connection {}`",
        label(&connection),
        connection.id
    );
    Ok(())
}

/// The instant from which the first sync reads. Days are UTC's.
pub(crate) fn first_sync(asked: Option<Date>, now: Timestamp) -> Result<Timestamp, String> {
    let days_ago = |days: i64| now - (24 * days).hours();
    // Time goes on until it is checked once more.
    let at_most = days_ago(RETENTION_DAYS) + 1.minute();
    let Some(day) = asked else { return Ok(days_ago(FIRST_SYNC_DAYS)) };
    let earliest = days_ago(RETENTION_DAYS).to_zoned(TimeZone::UTC).date();
    if day < earliest {
        return Err(format!(
            "the first sync can go back {RETENTION_DAYS} days, to {earliest}: Microsoft keeps no more"
        ));
    }
    let since = day.to_zoned(TimeZone::UTC).map_err(|_| format!("{day} is no day"))?.timestamp();
    if since > now { Err(format!("{day} is in the future")) } else { Ok(since.max(at_most)) }
}

pub(crate) async fn list(desk: &Desk, as_json: bool) -> Result<(), Failure> {
    let views = view::connections(desk).await?;
    let mut out = io::stdout().lock();
    if as_json {
        return json(&mut out, &views);
    }
    if views.is_empty() {
        eprintln!("there are no connections: `soc-anywhere connections add` enters one");
    }
    for view in &views {
        writeln!(out, "{}", block(view, desk.clock.now()))?;
    }
    Ok(())
}

fn block(view: &View, now: Timestamp) -> String {
    let connection = &view.of;
    let settings = &connection.settings;
    let mut text = format!("{}\n  id      {}\n", label(connection), connection.id);
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "  tenant  {}   client {}   cloud {}",
        settings.tenant_id, settings.client_id, settings.cloud
    );
    let ago = |at: Option<Timestamp>| {
        at.map_or_else(|| "never".to_owned(), |at| format!("{} ago", span(now.duration_since(at).as_secs())))
    };
    let _ =
        write!(text, "  health  {}, last synced {}", view.health.state.word(), ago(view.status.last_success));
    if let Some(lag) = view.lag_seconds {
        let _ = write!(text, ", lag {}", span(lag));
    }
    if view.status.last_attempt != view.status.last_success {
        let _ = write!(text, ", last tried {}", ago(view.status.last_attempt));
    }
    text.push('\n');
    let (incidents, alerts) = (count(view.incidents, "incident"), count(view.alerts, "alert"));
    let _ = writeln!(text, "  holds   {incidents} and {alerts}");
    if let Some(fault) = &view.health.fault {
        let _ = writeln!(text, "  ✗ {}\n    {}", fault.message, fault.remedy);
        if let Some(link) = &fault.link {
            let _ = writeln!(text, "    {link}");
        }
        let _ =
            writeln!(text, "    {}: {}, since {}", fault.cause, plain(&fault.detail), ago(Some(fault.since)));
    }
    for attention in &view.health.attention {
        let _ = writeln!(text, "  ! {}", plain(&attention.to_string()));
    }
    for aside in &view.set_aside {
        let _ = writeln!(text, "    set aside: {}: {}", aside_text(&aside.what), plain(&aside.reason));
    }
    for note in &view.health.notes {
        let _ = writeln!(text, "  · {note}");
    }
    text
}

pub(crate) async fn remove(desk: &Desk, id: ConnectionId) -> Result<(), Failure> {
    desk.clean().await?;
    match desk.admin(Duration::ZERO).remove(OWNER, id, &Expected::Any, Records::Remove).await {
        Ok(()) => {}
        Err(Refusal::NotFound) => return Err(Failure::NoConnection(id)),
        Err(refusal) => return Err(refusal.into()),
    }
    eprintln!("connection {id} is removed, with its secret and its records");
    Ok(())
}

fn json(out: &mut impl io::Write, value: &impl Serialize) -> Result<(), Failure> {
    serde_json::to_writer_pretty(&mut *out, value).map_err(io::Error::from)?;
    writeln!(out)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_sync_goes_back_thirty_days_or_as_far_as_asked_within_what_microsoft_keeps() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let since = |day: &str| first_sync(Some(day.parse().unwrap()), now);
        assert_eq!(first_sync(None, now), Ok("2026-10-24T12:00:00Z".parse().unwrap()));
        assert_eq!(since("2026-11-01"), Ok("2026-11-01T00:00:00Z".parse().unwrap()));
        assert!(since("2026-05-27").is_ok());
        assert!(since("2026-05-26").unwrap_err().contains("2026-05-27"));
        assert!(since("2026-11-24").unwrap_err().contains("future"));
    }
}
