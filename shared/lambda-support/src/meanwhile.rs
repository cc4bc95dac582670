//! Work that is done while a function waits for its first event.

use std::time::Duration;

/// The runtime asks for the first event within a fraction of it. A function counts as started when it has asked,
/// so nothing else may come before.
const FIRST: Duration = Duration::from_millis(1);

/// Does `work` beside the function, as soon as the runtime has asked for its first event.
pub fn meanwhile(work: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(async move {
        tokio::time::sleep(FIRST).await;
        work.await;
    });
}
