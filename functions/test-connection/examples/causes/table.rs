//! The table of causes in Markdown.

use std::collections::{BTreeMap, BTreeSet};

use graph_auth::{CODES, Cause, Place};

const BEGIN: &str = "<!-- causes: begin -->\n";
const END: &str = "<!-- causes: end -->";

/// One row for each cause.
fn table() -> String {
    let codes = codes();
    let row = |cause: Cause| {
        let explained = cause.explain();
        let place = place(explained.place);
        let numbers: Vec<_> = codes.get(cause.name()).into_iter().flatten().map(u32::to_string).collect();
        let numbers = numbers.join(", ");
        let (name, message, remedy) = (cause.name(), explained.message, explained.remedy);
        format!("| `{name}` | {message} | {remedy} | {place} | {numbers} |\n")
    };
    let head = "| cause | what is wrong | what to do | where | AADSTS |\n|---|---|---|---|---|\n";
    head.to_owned() + &Cause::ALL.map(row).concat()
}

/// The numbers behind each cause's name, in their order.
fn codes() -> BTreeMap<&'static str, BTreeSet<u32>> {
    let mut codes = BTreeMap::<_, BTreeSet<_>>::new();
    for known in CODES {
        codes.entry(known.cause.name()).or_default().extend(known.numbers);
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
        Place::EnterpriseApplications => "Entra, Enterprise applications",
        Place::AppOverview => "Entra, the app's Overview",
        Place::AppCredentials => "Entra, the app's Certificates & secrets",
        Place::AppAuthentication => "Entra, the app's Authentication",
        Place::AppPermissions => "Entra, the app's API permissions",
        Place::SignInLogs => "Entra, Sign-in logs",
        Place::Defender => "Microsoft Defender portal",
        Place::ServiceHealth => "Microsoft service health",
        Place::Clouds => "documentation: clouds and their hosts",
        Place::Assertions => "documentation: signed assertions",
        Place::TenantRestrictions => "documentation: tenant restrictions",
        Place::Throttling => "documentation: throttling",
        Place::ErrorCodes => "documentation: error codes",
        Place::ErrorLookup { .. } => "Entra, the code's own page",
    }
}
