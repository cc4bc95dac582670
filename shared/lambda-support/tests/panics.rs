//! A panic logs its place and never its message, in a process of its own: the hook is the process's.

use lambda_support::report_panics;
use logging::testing::Lines;

#[test]
fn a_panic_logs_its_place_and_not_its_message() {
    let lines = Lines::default();
    let logs = tracing_subscriber::fmt().json().with_writer(lines.clone()).finish();
    tracing::subscriber::with_default(logs, || {
        report_panics();
        std::panic::catch_unwind(|| panic!("the secret is S3ntinel")).unwrap_err();
    });
    let logged = lines.text();
    assert!(logged.contains("tests/panics.rs:") && logged.contains("panicked"), "{logged}");
    assert!(!logged.contains("S3ntinel"));
}
