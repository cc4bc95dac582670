//! An operator's event: logged, done, answered.

use graph_http::Deadline;
use lambda_runtime::Error;
use serde_json::Value;
use sync_incidents::operator::{Answer, Ordered};

use crate::account::Account;
use crate::work::Function;

/// Does what the event says. A wrong event is answered, and is no error of the function's: nobody is paged for a
/// mistyped command.
pub(crate) async fn operate(
    function: &Function,
    event: Value,
    deadline: Deadline,
    service: &str,
) -> Result<Answer, Error> {
    let Ordered { by, order } = match Ordered::read(event) {
        Ok(ordered) => ordered,
        Err(bad) => return Ok(Answer::Refused { error: bad.to_string() }),
    };
    let connection = order.connection().map(tracing::field::display);
    // Before it is done: the audit line is there however it ends.
    tracing::info!(by, order = order.name(), connection, note = order.text(), "operator");
    let answer = function.syncer.operate(&by, order, deadline).await?;
    if let Answer::Synced(report) = &answer {
        let mut account = Account::default();
        account.add_report(report);
        account.print(service, function.syncer.graph.clock.now());
    }
    Ok(answer)
}
