//! Work whose panic ends nothing else.

use tracing::Instrument as _;

/// Does `work` in a task of its own, so that a panic ends the work and not the process, and the panic's text goes
/// nowhere; `None` when it panicked. The work stays in the caller's span, so its lines have the request's id.
pub async fn contained<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> Option<T> {
    tokio::spawn(work.in_current_span()).await.ok()
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::fmt;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn what_is_logged_inside_has_the_id_of_the_request_outside() {
        let lines = Lines::default();
        let writer = lines.clone();
        let layer = fmt::layer().json().flatten_event(true).with_writer(move || writer.clone());
        let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
        let invocation = tracing::info_span!("invoke", requestId = "request-1");
        let done = contained(async { tracing::info!("inside") }).instrument(invocation).await;
        assert_eq!(done, Some(()));
        let line: serde_json::Value = serde_json::from_slice(&lines.0.lock().unwrap()).unwrap();
        assert_eq!(line["span"]["requestId"], "request-1", "{line}");
    }

    #[tokio::test]
    async fn a_panic_ends_the_work_only() {
        assert_eq!(contained(async { 7 }).await, Some(7));
        #[expect(clippy::panic, reason = "it is what is tested")]
        let panics = async { panic!("of the work") };
        assert_eq!(contained::<()>(panics).await, None);
    }
}
