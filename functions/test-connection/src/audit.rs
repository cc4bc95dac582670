//! Whose test it is: each is counted before it is made, and written down after it.

use std::time::Instant;

use graph_auth::Cause;
use http_api::{Attempts, Caller, Ended, Limits, Refused, admit};
use jiff::Timestamp;
use uuid::Uuid;

use crate::report::{CheckId, Status, TestReport};

/// Whose test it is, and of what.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Who asks.
    pub caller: &'a Caller,
    /// Directory (tenant) ID.
    pub tenant_id: Uuid,
    /// Application (client) ID.
    pub client_id: Uuid,
    /// The saved connection's id, where it is one's.
    pub connection: Option<&'a str>,
    /// The secret was entered by somebody who has not been seen to own the application: it may be a guess.
    pub guess: bool,
}

/// Makes one test that begins at `now`: one audit line with owner, tenant, client and verdict, and no secret. Nothing of
/// `test` is done before there is room for it.
///
/// # Errors
/// [`Refused`], when there is no room for it, and what `test` says that keeps it from being made; it counts then.
pub async fn audited<A: Attempts, E: From<Refused>>(
    attempts: &A,
    limits: &Limits,
    subject: Subject<'_>,
    now: Timestamp,
    test: impl Future<Output = Result<TestReport, E>> + Send,
) -> Result<TestReport, E> {
    let began = Instant::now();
    let guessed = subject.guess.then_some(subject.tenant_id);
    let admission =
        admit(attempts, limits, &subject.caller.owner, guessed, now).await.inspect_err(|refused| {
            write_down(subject, "not admitted", None, began);
            if let Refused::TooMany(_) = refused {
                attempts.ended(Ended::NotAdmitted);
            }
        })?;
    let report = test.await.inspect_err(|_| write_down(subject, "not made", None, began))?;
    let failure = report.failure();
    let verdict = match failure {
        None => "passed",
        Some(check) => check.cause.map_or("failed", Cause::name),
    };
    write_down(subject, verdict, failure.and_then(|check| check.code.as_deref()), began);
    attempts.ended(match failure.and_then(|check| check.cause) {
        Some(Cause::WrongSecret) => Ended::SecretRefused,
        _ => Ended::Tested,
    });
    if secret_accepted(&report)
        && let Err(error) = admission.forgive().await
    {
        tracing::warn!(%error, "an accepted secret stays counted");
    }
    Ok(report)
}

fn write_down(subject: Subject<'_>, verdict: &str, code: Option<&str>, began: Instant) {
    tracing::info!(
        owner = subject.caller.owner,
        person = subject.caller.person,
        tenant = %subject.tenant_id,
        client = %subject.client_id,
        connection = subject.connection,
        verdict,
        code,
        duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        "connection tested"
    );
}

fn secret_accepted(report: &TestReport) -> bool {
    let credential = report.checks.iter().find(|check| check.id == CheckId::Credential);
    credential.is_some_and(|check| matches!(check.status, Status::Passed | Status::Warning))
}
