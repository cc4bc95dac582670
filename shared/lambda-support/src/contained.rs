//! Work whose panic ends nothing else.

use tracing::Instrument as _;

/// Does `work` in a task of its own, so that a panic ends the work and not the process, and the panic's text goes
/// nowhere; `None` when it panicked. The work stays in the caller's span, so its lines have the request's id.
pub async fn contained<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> Option<T> {
    tokio::spawn(work.in_current_span()).await.ok()
}

#[cfg(test)]
mod tests {
    use logging::testing::Lines;
    use tracing_subscriber::fmt;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    #[tokio::test]
    async fn what_is_logged_inside_has_the_id_of_the_request_outside() {
        let lines = Lines::default();
        let layer = fmt::layer().json().flatten_event(true).with_writer(lines.clone());
        let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
        let invocation = tracing::info_span!("invoke", requestId = "request-1");
        let done = contained(async { tracing::info!("inside") }).instrument(invocation).await;
        assert_eq!(done, Some(()));
        let line: serde_json::Value = serde_json::from_str(&lines.text()).unwrap();
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
