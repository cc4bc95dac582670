//! `connections list`.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use jiff::Timestamp;
use serde::Serialize;

use crate::desk::Desk;
use crate::failure::Failure;
use crate::text::{aside_text, count, label, plain, span, wrapped};
use crate::view::{self, View};

pub(crate) async fn list(desk: &Desk, as_json: bool) -> Result<(), Failure> {
    let views = view::connections(desk).await?;
    let mut out = io::stdout().lock();
    if as_json {
        return json(&mut out, &views);
    }
    if views.is_empty() {
        eprintln!("there are no connections: `soc-anywhere connections add` enters one");
    }
    for view in &views {
        writeln!(out, "{}", block(view, desk.clock.now()))?;
    }
    Ok(())
}

fn block(view: &View, now: Timestamp) -> String {
    let connection = &view.of;
    let settings = &connection.settings;
    let mut text = format!("{}\n  id      {}\n", label(connection), connection.id);
    // Writing to a string cannot fail.
    let _ = writeln!(text, "  tenant  {}   cloud {}", settings.tenant_id, settings.cloud);
    let _ = writeln!(text, "  client  {}", settings.client_id);
    let ago = |at: Option<Timestamp>| {
        at.map_or_else(|| "never".to_owned(), |at| format!("{} ago", span(now.duration_since(at).as_secs())))
    };
    let _ =
        write!(text, "  health  {}, last synced {}", view.health.state.word(), ago(view.status.last_success));
    if let Some(lag) = view.lag_seconds {
        let _ = write!(text, ", lag {}", span(lag));
    }
    if view.status.last_attempt != view.status.last_success {
        let _ = write!(text, ", last tried {}", ago(view.status.last_attempt));
    }
    text.push('\n');
    let (incidents, alerts) = (count(view.incidents, "incident"), count(view.alerts, "alert"));
    let _ = writeln!(text, "  holds   {incidents} and {alerts}");
    if let Some(fault) = &view.health.fault {
        text += &wrapped("  ✗ ", "    ", fault.message);
        text += &wrapped("    ", "    ", &fault.remedy);
        if let Some(link) = &fault.link {
            let _ = writeln!(text, "    {link}");
        }
        let since = ago(Some(fault.since));
        let detail = format!("{}: {}, since {since}", fault.cause, plain(&fault.detail));
        text += &wrapped("    ", "    ", &detail);
    }
    for attention in &view.health.attention {
        text += &wrapped("  ! ", "    ", &plain(&attention.to_string()));
    }
    for aside in &view.set_aside {
        let aside = format!("set aside: {}: {}", aside_text(&aside.what), plain(&aside.reason));
        text += &wrapped("    ", "      ", &aside);
    }
    for note in &view.health.notes {
        text += &wrapped("  · ", "    ", &note.to_string());
    }
    text
}

/// Prints one JSON value.
pub(crate) fn json(out: &mut impl io::Write, value: &impl Serialize) -> Result<(), Failure> {
    serde_json::to_writer_pretty(&mut *out, value).map_err(io::Error::from)?;
    writeln!(out)?;
    Ok(())
}
