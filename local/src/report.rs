//! A connection test's report for people: each check by its name, and last the cause and the remedy.

use std::borrow::Cow;
use std::fmt::Write as _;

use test_connection::{Check, CheckId, Status, TestReport};

use crate::text::{count, plain, wrapped};

/// Wide enough for every name.
const NAME: usize = 19;

/// The whole report.
pub(crate) fn text(report: &TestReport) -> String {
    let shown = report.checks.iter().filter(|check| !waits(report, check));
    let mut text: String = shown.map(check_lines).collect();
    if let Some(failure) = report.failure() {
        let waiting = report.checks.iter().filter(|check| waits(report, check)).count();
        if waiting > 0 {
            let checks = count(waiting as u64, "check");
            let needs = if waiting == 1 { "needs" } else { "need" };
            // Writing to a string cannot fail.
            let _ = writeln!(text, "– Skipped: {checks} that {needs} {}", failure.id.need());
        }
    }
    text.push('\n');
    text + &verdict(report)
}

/// What a person does next, or that nothing is to be done.
pub(crate) fn verdict(report: &TestReport) -> String {
    let Some(failure) = report.failure() else {
        return "The connection is good: the next sync works.\n".to_owned();
    };
    let mut text = format!("The connection is not good: {}\n", failure.id.title());
    text += &wrapped("  Cause:  ", "          ", &said(failure));
    if let Some(remedy) = &failure.remedy {
        text += &wrapped("  Do:     ", "          ", &plain(remedy));
    }
    if let Some(link) = &failure.link {
        // One word, so that it can be clicked.
        let _ = writeln!(text, "  Where:  {}", plain(link));
    }
    text
}

/// Whether a check could not be made because another one failed.
fn waits(report: &TestReport, check: &Check) -> bool {
    check.status == Status::Skipped && report.failure().is_some() && !is_optional(report, check)
}

/// What a sync does not need, and is known not to be granted.
fn is_optional(report: &TestReport, check: &Check) -> bool {
    let known = match check.id {
        CheckId::WriteBack => report.capabilities.write_back,
        CheckId::CustomDetections => report.capabilities.custom_detections,
        _ => None,
    };
    check.status == Status::Skipped && known == Some(false)
}

fn check_lines(check: &Check) -> String {
    let mark = match check.status {
        Status::Passed => "✓",
        Status::Failed => "✗",
        Status::Warning => "!",
        Status::Skipped => "·",
    };
    let first = format!("{mark} {:NAME$}", check.id.title());
    let rest = " ".repeat(NAME + 2);
    let mut text = wrapped(&first, &rest, &said(check));
    if check.status == Status::Failed {
        return text;
    }
    if let Some(remedy) = &check.remedy {
        text += &wrapped(&rest, &rest, &plain(remedy));
    }
    if let Some(link) = &check.link {
        let _ = writeln!(text, "{rest}{}", plain(link));
    }
    text
}

fn said(check: &Check) -> Cow<'_, str> {
    match &check.code {
        Some(code) => format!("{} ({})", plain(&check.message), plain(code)).into(),
        None => plain(&check.message),
    }
}

#[cfg(test)]
mod tests {
    use test_connection::Capabilities;

    use super::*;
    use crate::text::WIDTH;

    fn check(id: CheckId, status: Status, message: &str) -> Check {
        let message = message.into();
        Check { id, status, cause: None, code: None, message, remedy: None, link: None, cloud: None }
    }

    fn refused() -> TestReport {
        let mut checks: Vec<_> =
            CheckId::ALL.map(|id| check(id, Status::Skipped, "Skipped: this check needs it.")).into();
        for passed in &mut checks[..3] {
            (passed.status, passed.message) = (Status::Passed, "As it should be.".into());
        }
        checks[3] = Check {
            code: Some("AADSTS7000215".into()),
            remedy: Some(
                "Create a new client secret under Certificates & secrets and copy its Value, at once.".into(),
            ),
            link: Some("https://entra.microsoft.com/x".into()),
            ..check(
                CheckId::Credential,
                Status::Failed,
                "The client secret was refused: it is wrong, or was deleted.",
            )
        };
        TestReport { ok: false, checks, capabilities: Capabilities::default() }
    }

    #[test]
    fn each_check_has_its_name_and_what_was_skipped_is_one_line() {
        let text = text(&refused());
        for name in ["Values", "Tenant", "Application", "Client secret"] {
            assert!(text.lines().any(|line| line[3..].trim_start().starts_with(name)), "{name}: {text}");
        }
        assert!(text.contains("Skipped: 5 checks that need a working secret\n"), "{text}");
        assert_eq!(text.matches("Skipped").count(), 1, "{text}");
    }

    #[test]
    fn the_cause_and_the_remedy_come_last_and_every_line_is_short() {
        let text = text(&refused());
        let (checks, verdict) = text.split_once("\n\n").unwrap();
        assert!(!checks.contains("Create a new"), "{text}");
        assert!(verdict.contains("  Cause:  The client secret was refused"), "{text}");
        assert!(verdict.contains("  Do:     Create a new client secret"), "{text}");
        assert!(verdict.ends_with("  Where:  https://entra.microsoft.com/x\n"), "{text}");
        assert!(text.lines().all(|line| console::measure_text_width(line) <= WIDTH), "{text}");
    }

    #[test]
    fn what_is_optional_is_a_note_beside_a_good_verdict_and_its_remedy_no_error() {
        let mut report = refused();
        report.ok = true;
        for check in &mut report.checks[..7] {
            check.status = Status::Passed;
        }
        report.capabilities.write_back = Some(false);
        report.checks[1].status = Status::Warning;
        report.checks[1].remedy = Some("Look at it.".into());
        let text = text(&report);
        assert!(text.contains("· Write back"), "{text}");
        assert!(text.ends_with("The connection is good: the next sync works.\n"), "{text}");
        assert!(!text.contains("Do:") && text.contains("Look at it."), "{text}");
    }
}
