//! A panic logs its place and never its message, in a process of its own: the hook is the process's.

use std::io::Write;
use std::sync::{Arc, Mutex};

use lambda_support::report_panics;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().map_err(|_| std::io::ErrorKind::Other)?.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_panic_logs_its_place_and_not_its_message() {
    let lines = Lines::default();
    let writer = lines.clone();
    let logs = tracing_subscriber::fmt().json().with_writer(move || writer.clone()).finish();
    tracing::subscriber::with_default(logs, || {
        report_panics();
        std::panic::catch_unwind(|| panic!("the secret is S3ntinel")).unwrap_err();
    });
    let logged = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("tests/panics.rs:") && logged.contains("panicked"), "{logged}");
    assert!(!logged.contains("S3ntinel"));
}
