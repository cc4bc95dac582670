//! What both events come to: connections are synced, and each is told of.

use futures_util::{StreamExt, pin_mut};
use graph_http::HttpsTransport;
use incident_store::dynamodb::DynamoStore;
use incident_store::{ConnectionId, StoreError};
use lambda_support::SecretsManager;
use sync_incidents::{Ended, NotSynced, Shift, Syncer, Turn};

use crate::account::Account;
use crate::queue::Queue;

/// What is built once.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) syncer: Syncer<DynamoStore, HttpsTransport, SecretsManager>,
    /// Where what is due is put; nowhere where the tick syncs it itself.
    pub(crate) queue: Option<Queue>,
}

/// Gives connections their turns, tells of each as it ends, and answers which ones failed by a fault of ours.
pub(crate) async fn sync(
    function: &Function,
    turns: impl IntoIterator<Item = Turn>,
    shift: Shift,
    service: &str,
) -> Vec<ConnectionId> {
    let mut account = Account::default();
    let mut failed = Vec::new();
    let ended = function.syncer.sync_all(turns, shift);
    pin_mut!(ended);
    while let Some((id, ended)) = ended.next().await {
        let ours = is_ours(&ended);
        account.add(id, &ended, ours);
        if ours {
            failed.push(id);
        }
    }
    account.print(service, function.syncer.graph.clock.now());
    failed
}

/// A lease that another run took, and a connection that was removed meanwhile, are nobody's fault.
fn is_ours(ended: &Ended) -> bool {
    match ended {
        Ok(_) | Err(NotSynced::Store(StoreError::Fenced | StoreError::Gone)) => false,
        Err(NotSynced::Store(_) | NotSynced::Panicked | NotSynced::NoTime) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_ours_goes_back_to_the_queue() {
        for not_ours in [StoreError::Fenced, StoreError::Gone] {
            assert!(!is_ours(&Err(NotSynced::Store(not_ours))));
        }
        assert!(is_ours(&Err(NotSynced::Store(StoreError::Unavailable("throttled".into())))));
        assert!(is_ours(&Err(NotSynced::Panicked)));
        assert!(is_ours(&Err(NotSynced::NoTime)));
    }
}
