//! Every cause with its remedy, as a table: `cargo run -p test-connection --example causes` prints it, and
//! with a file's name writes it between that file's markers.

use graph_auth::{Cause, Place};

const BEGIN: &str = "<!-- causes: begin -->\n";
const END: &str = "<!-- causes: end -->";

fn main() -> anyhow::Result<()> {
    let Some(file) = std::env::args().nth(1) else {
        print!("{}", table());
        return Ok(());
    };
    let text = std::fs::read_to_string(&file)?;
    let old = between_markers(&text).ok_or_else(|| anyhow::anyhow!("{file} has no markers"))?;
    std::fs::write(&file, text.replacen(old, &table(), 1))?;
    Ok(())
}

/// The table in Markdown.
#[must_use]
pub fn table() -> String {
    let mut table = String::from("| cause | what is wrong | what to do | where |\n|---|---|---|---|\n");
    for cause in Cause::ALL {
        let explained = cause.explain();
        let place = explained.place.map_or("", place);
        table +=
            &format!("| `{}` | {} | {} | {place} |\n", cause.name(), explained.message, explained.remedy);
    }
    table
}

/// What stands between the markers.
#[must_use]
pub fn between_markers(text: &str) -> Option<&str> {
    let begin = text.find(BEGIN)? + BEGIN.len();
    text[begin..].split_once(END).map(|(between, _)| between)
}

fn place(place: Place) -> &'static str {
    match place {
        Place::TenantOverview => "Entra, tenant overview",
        Place::AppRegistrations => "Entra, App registrations",
        Place::AppOverview => "Entra, the app's Overview",
        Place::AppCredentials => "Entra, the app's Certificates & secrets",
        Place::AppAuthentication => "Entra, the app's Authentication",
        Place::AppPermissions => "Entra, the app's API permissions",
        Place::SignInLogs => "Entra, Sign-in logs",
        Place::Defender => "Microsoft Defender portal",
        Place::ServiceHealth => "Microsoft service health",
    }
}
