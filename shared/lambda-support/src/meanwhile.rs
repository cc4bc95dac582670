//! Work that is done while a function waits for its first event.

use std::time::Duration;

/// By when the runtime has usually asked for the first event; on a slow start the work comes before. A function counts
/// as started when it has asked.
const FIRST: Duration = Duration::from_millis(1);

/// Does `work` beside the function, a millisecond after its start. It may be frozen with its environment in between.
pub fn meanwhile(work: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(async move {
        tokio::time::sleep(FIRST).await;
        work.await;
    });
}
