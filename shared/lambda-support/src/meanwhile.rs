//! Work that is done while a function waits for its first event.

use std::time::Duration;

#[cfg(feature = "aws")]
use incident_store::{ConnectionId, Connections as _, dynamodb::DynamoStore};
#[cfg(feature = "aws")]
use jiff::Timestamp;

/// By when the runtime has usually asked for the first event; on a slow start the work comes before. A function counts
/// as started when it has asked.
const FIRST: Duration = Duration::from_millis(1);

/// How long the first connection to the store may take before it is left alone.
#[cfg(feature = "aws")]
const WARM_UP: Duration = Duration::from_secs(2);

/// Does `work` beside the function, a millisecond after its start. It may be frozen with its environment in between.
pub fn meanwhile(work: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(async move {
        tokio::time::sleep(FIRST).await;
        work.await;
    });
}

/// Makes the connection to the store, by a read of nothing. Whether it succeeds is of no interest: the first
/// event's own call does.
#[cfg(feature = "aws")]
pub async fn warm_up(store: &DynamoStore) {
    let nobody = ConnectionId::new(Timestamp::UNIX_EPOCH, [0; 10]);
    let _ = tokio::time::timeout(WARM_UP, store.connection(nobody)).await;
}
