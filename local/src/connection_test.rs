//! `test-connection`.

use std::io::{self, Write as _};

use connections::Refusal;

use crate::args::TestArgs;
use crate::desk::Desk;
use crate::environment::Environment;
use crate::failure::{Failure, Verdict};
use crate::input;
use crate::report;
use crate::secret_input;
use crate::testing;

pub(crate) async fn run(
    desk: &Desk,
    args: &TestArgs,
    environment: &mut Environment,
) -> Result<Verdict, Failure> {
    let admin = desk.admin();
    let report = if let Some(id) = args.connection {
        // A test's future is some 30 KB.
        match Box::pin(testing::shown(admin.test(&desk.caller, id, |_| ()))).await {
            Ok(tested) => tested.report,
            Err(Refusal::NotFound) => return Err(Failure::NoConnection(id)),
            Err(refusal) => return Err(refusal.into()),
        }
    } else {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let secret = secret_input::read(environment)?;
        let input = input::input(&text(&args.tenant_id), &text(&args.client_id), &text(&args.cloud), secret);
        Box::pin(testing::shown(admin.tester.test(&input, |_| ()))).await
    };
    let mut out = io::stdout().lock();
    if args.json {
        serde_json::to_writer_pretty(&mut out, &report).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        write!(out, "{}", report::text(&report))?;
    }
    Ok(if report.ok { Verdict::Good } else { Verdict::Bad })
}
