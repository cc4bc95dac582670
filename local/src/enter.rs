//! `connections add` and `set-secret`: what is entered is tested first, and kept when it is good.

use std::io::{self, Write as _};

use connections::{Entry, Expected, NewCredential, Refusal, Tested};
use incident_store::{Connection, Connections as _};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use test_connection::{Input, TestReport};

use crate::args::{AddArgs, SetSecretArgs};
use crate::desk::{Desk, DeskAdmin};
use crate::environment::Environment;
use crate::failure::{Failure, Verdict};
use crate::text::{self, is_simulated, label};
use crate::{connections as listed, input, report, secret_input, testing, view};

/// How far back the first sync goes where nothing else is asked for.
const FIRST_SYNC_DAYS: i64 = 30;

/// Microsoft keeps incidents and alerts this long:
/// <https://learn.microsoft.com/defender-xdr/data-privacy>
const RETENTION_DAYS: i64 = 180;

/// Enters a connection. Its id is all that goes to standard output.
pub(crate) async fn add(
    desk: &Desk,
    args: AddArgs,
    environment: &mut Environment,
) -> Result<Verdict, Failure> {
    let since = first_sync(args.since, desk.clock.now()).map_err(Failure::Usage)?;
    input::check_ids(&args.tenant_id, &args.client_id)?;
    let entry = Entry {
        tenant_id: args.tenant_id,
        client_id: args.client_id,
        client_secret: secret_input::read(environment)?,
        cloud: args.cloud.name().to_owned(),
        name: text::name(args.name.as_deref()),
        since: Some(since),
        interval_seconds: None,
        secret_expires: args.secret_expires,
        save_anyway: false,
    };
    entry.input().candidate().map_err(input::refusal)?;
    desk.clean().await?;
    let connection = if args.no_test {
        desk.admin().enter_untested(&desk.caller, &entry).await?
    } else {
        let test = async |admin: DeskAdmin| admin.enter(&desk.caller, &entry, |_| ()).await;
        // A test's future is some 30 KB.
        match Box::pin(testing::entered(desk, test, !args.json)).await? {
            Ok(Tested { connection, report }) => {
                eprint!("{}", report::text(&report));
                connection
            }
            Err(Refusal::TestFailed(report)) if was_not_asked(&report) => {
                eprint!("{}", report::text(&report));
                eprintln!("warning: the connection is saved untested, because Microsoft could not be asked");
                desk.admin().enter_untested(&desk.caller, &entry).await?
            }
            Err(Refusal::TestFailed(report)) => {
                eprint!("{}", report::text(&report));
                eprintln!("The connection is not saved. --no-test saves a connection without a test.");
                return Ok(Verdict::Bad);
            }
            Err(refusal) => return Err(refusal.into()),
        }
    };
    desk.remove_simulated().await?;
    let mut out = io::stdout().lock();
    if args.json {
        let views = view::connections(desk).await?;
        listed::json(&mut out, &views.iter().find(|view| view.of.id == connection.id))?;
        return Ok(Verdict::Good);
    }
    writeln!(out, "{}", connection.id)?;
    eprintln!("{} is entered; `soc-anywhere sync` reads its incidents", label(&connection));
    Ok(Verdict::Good)
}

/// Replaces a connection's secret. Its records and its checkpoint stay.
pub(crate) async fn set_secret(
    desk: &Desk,
    args: &SetSecretArgs,
    environment: &mut Environment,
) -> Result<Verdict, Failure> {
    let connection = desk.store.connection(args.id).await?.ok_or(Failure::NoConnection(args.id))?;
    if is_simulated(&connection) {
        return Err(Failure::Refused("the secret of a simulated connection belongs to its simulator".into()));
    }
    let new = NewCredential {
        client_secret: secret_input::read(environment)?,
        secret_expires: args.secret_expires,
        save_anyway: args.anyway,
    };
    of_this(&connection, &new).candidate().map_err(input::refusal)?;
    desk.clean().await?;
    let test = async |admin: DeskAdmin| {
        admin.replace_credential(&desk.caller, args.id, &Expected::Any, &new, |_| ()).await
    };
    // What is replaced whatever the test says waits for nothing.
    match Box::pin(testing::entered(desk, test, !args.anyway)).await? {
        Ok(Tested { connection, report }) => {
            eprint!("{}", report::text(&report));
            eprintln!("The secret of {} is replaced. All records stay.", label(&connection));
            if args.secret_expires.is_none() {
                eprintln!(
                    "`soc-anywhere connections edit {} --secret-expires DATE`\nlets you be warned ahead.",
                    args.id
                );
            }
            Ok(Verdict::Good)
        }
        Err(Refusal::TestFailed(report)) => {
            eprint!("{}", report::text(&report));
            eprintln!("The old secret stays. --anyway replaces a secret whatever the test says.");
            Ok(Verdict::Bad)
        }
        Err(Refusal::NotFound) => Err(Failure::NoConnection(args.id)),
        Err(refusal) => Err(refusal.into()),
    }
}

/// The values that the test will see: a Secret ID in place of the Value is a mistake before anybody is asked.
fn of_this(connection: &Connection, new: &NewCredential) -> Input {
    let settings = &connection.settings;
    let (tenant_id, client_id) = (settings.tenant_id.to_string(), settings.client_id.to_string());
    input::input(&tenant_id, &client_id, settings.cloud.name(), new.client_secret.clone())
}

/// Whether the test found nothing out, because no answer came or Microsoft is in trouble.
fn was_not_asked(report: &TestReport) -> bool {
    let cause = report.failure().and_then(|check| check.cause);
    cause.is_some_and(|cause| cause.may_pass() || cause.is_about_the_network())
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
