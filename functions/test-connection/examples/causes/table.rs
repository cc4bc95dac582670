//! The table of causes in Markdown.

use std::collections::BTreeMap;

use graph_auth::{Cause, Place};

const BEGIN: &str = "<!-- causes: begin -->\n";
const END: &str = "<!-- causes: end -->";

/// One row for each cause.
fn table() -> String {
    let codes = codes();
    let row = |cause: Cause| {
        let explained = cause.explain();
        let place = explained.place.map_or("", place);
        let numbers = codes.get(cause.name()).map(|codes| codes.join(", ")).unwrap_or_default();
        let (name, message, remedy) = (cause.name(), explained.message, explained.remedy);
        format!("| `{name}` | {message} | {remedy} | {place} | {numbers} |\n")
    };
    let head = "| cause | what is wrong | what to do | where | AADSTS |\n|---|---|---|---|---|\n";
    head.to_owned() + &Cause::ALL.map(row).concat()
}

/// The numbers behind each cause's name: AADSTS numbers have five to seven digits.
fn codes() -> BTreeMap<&'static str, Vec<String>> {
    let mut codes = BTreeMap::<_, Vec<_>>::new();
    for code in 10_000..10_000_000 {
        if let Some(cause) = Cause::of_code(code) {
            codes.entry(cause.name()).or_default().push(code.to_string());
        }
    }
    codes
}

/// `text` with the table between its markers.
pub(crate) fn inserted(text: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}{}{END}{after}", table()))
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
