//! What a person pasted, and what is made of it.

use graph_auth::{Cause, Cloud, Credential, Identity};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use uuid::Uuid;

/// The values as they were entered, blanks and all.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// Directory (tenant) ID.
    pub tenant_id: String,
    /// Application (client) ID.
    pub client_id: String,
    /// The client secret's Value.
    pub client_secret: SecretString,
    /// `global`, `gcc-high` or `dod`; empty for `global`.
    #[serde(default)]
    pub cloud: String,
}

/// A connection that can be tested, and saved as it stands here.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Tenant, application and secret.
    pub identity: Identity,
    /// Which Microsoft cloud, or which simulator.
    pub cloud: Cloud,
    /// What the sync asks for first: everything updated since. `None` is a new connection, whose first sync
    /// goes back [`crate::LOOK_BACK`].
    pub since: Option<Timestamp>,
}

impl Input {
    /// The values cleaned and read.
    ///
    /// # Errors
    /// The first thing that is wrong with them.
    pub fn candidate(&self) -> Result<Candidate, Cause> {
        let tenant_id = guid(&self.tenant_id).ok_or_else(|| match self.domain() {
            Some(_) => Cause::TenantIdIsDomain,
            None => Cause::TenantIdMalformed,
        })?;
        let client_id = guid(&self.client_id).ok_or(Cause::ClientIdMalformed)?;
        if tenant_id == client_id {
            return Err(Cause::ClientIdIsTenantId);
        }
        let secret = clean_secret(&self.client_secret);
        if secret.expose_secret().is_empty() {
            return Err(Cause::SecretMissing);
        }
        if is_hyphenated_guid(secret.expose_secret()) {
            return Err(Cause::SecretIsSecretId);
        }
        let cloud = self.cloud().ok_or(Cause::CloudUnsupported)?;
        let identity = Identity { tenant_id, client_id, credential: Credential::ClientSecret(secret) };
        Ok(Candidate { identity, cloud, since: None })
    }

    /// The chosen cloud; `None` for one that cannot be connected.
    pub(crate) fn cloud(&self) -> Option<Cloud> {
        match clean(&self.cloud).as_str() {
            "" => Some(Cloud::Global),
            name => name.parse().ok(),
        }
    }

    /// The domain that stands in place of the tenant ID, by itself or in a user's name.
    pub(crate) fn domain(&self) -> Option<String> {
        let text = clean(&self.tenant_id).to_ascii_lowercase();
        let domain = text.rsplit('@').next().unwrap_or_default();
        let is_label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        let (_, last) = domain.rsplit_once('.')?;
        let is_domain = domain.len() <= 253
            && domain.split('.').all(is_label)
            && last.len() >= 2
            && last.bytes().all(|byte| byte.is_ascii_alphabetic());
        is_domain.then(|| domain.to_owned())
    }

    /// How an ID that is no GUID is none, without any of it.
    pub(crate) fn form_of(&self, malformed: Cause) -> Option<String> {
        let text = match malformed {
            Cause::TenantIdMalformed => &self.tenant_id,
            Cause::ClientIdMalformed => &self.client_id,
            _ => return None,
        };
        Some(form_of(&plain(text)))
    }

    /// Tenant and client, as far as they can be read: for links.
    pub(crate) fn ids(&self) -> (Option<Uuid>, Option<Uuid>) {
        (guid(&self.tenant_id), guid(&self.client_id))
    }

    /// Whether something was around the values that does not belong to them.
    pub(crate) fn was_cleaned(&self) -> bool {
        let raw = self.client_secret.expose_secret();
        [&self.tenant_id, &self.client_id, &self.cloud].iter().any(|text| clean(text) != **text)
            || clean_secret(&self.client_secret).expose_secret() != raw
    }
}

/// What looks odd about a secret, without any of it. Only a hint: Entra makes secrets of 40 characters with a
/// `~`, but accepts passwords that were set by other means.
pub(crate) fn oddity(secret: &SecretString) -> Option<&'static str> {
    let text = secret.expose_secret();
    if text.ends_with("***") || text.contains('•') {
        // After the first view the portal shows the first characters and asterisks.
        return Some("it looks like the masked value that the portal shows later");
    }
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Some("it has blanks or line breaks inside");
    }
    if !text.is_ascii() {
        return Some("it has characters that Entra does not put into secrets");
    }
    if text.len() < 16 {
        return Some("it is shorter than Entra's secrets");
    }
    if text.len() > 128 {
        return Some("it is longer than Entra's secrets");
    }
    None
}

fn guid(text: &str) -> Option<Uuid> {
    Uuid::try_parse(&plain(text)).ok()
}

/// An ID's text. A word processor turns hyphens into dashes.
fn plain(text: &str) -> String {
    let is_dash = |c| matches!(c, '\u{2010}'..='\u{2015}' | '\u{2212}');
    clean(text).chars().map(|c| if is_dash(c) { '-' } else { c }).collect()
}

/// What keeps a text from being a GUID such as the portal shows it.
fn form_of(text: &str) -> String {
    let length = text.chars().count();
    if length == 0 {
        return "nothing was entered".to_owned();
    }
    if ["common", "organizations", "consumers"].contains(&text.to_ascii_lowercase().as_str()) {
        return "this word stands for many tenants".to_owned();
    }
    if length > 36 && has_guid(text) {
        return "there is a GUID in it, and more around it: enter the GUID alone".to_owned();
    }
    let is_digit = |c: char| c.is_ascii_hexdigit() || c == '-';
    if length == 36 && text.chars().all(is_digit) {
        return "its hyphens are not in the places of a GUID's".to_owned();
    }
    if length == 36 {
        return "it has other characters than the digits 0-9, the letters a-f and hyphens".to_owned();
    }
    format!("{length} character{}; a GUID has 36", if length == 1 { "" } else { "s" })
}

/// Whether a GUID with its hyphens stands in `text`, as in an address or behind a label.
fn has_guid(text: &str) -> bool {
    let is_digit = |c: char| c.is_ascii_hexdigit() || c == '-';
    text.split(|c| !is_digit(c)).any(is_hyphenated_guid)
}

/// The portal shows a Secret ID with hyphens; 32 hexadecimal digits without them may be somebody's password.
fn is_hyphenated_guid(text: &str) -> bool {
    text.contains('-') && Uuid::try_parse(text).is_ok()
}

fn clean_secret(secret: &SecretString) -> SecretString {
    let raw = secret.expose_secret();
    // Room for all of it from the start, so that no outgrown copy is left behind in memory.
    let mut visible = String::with_capacity(raw.len());
    visible.extend(raw.chars().filter(|c| !is_invisible(*c)));
    let visible = SecretString::from(visible);
    SecretString::from(unwrap_pasted(visible.expose_secret()))
}

fn clean(text: &str) -> String {
    let visible: String = text.chars().filter(|c| !is_invisible(*c)).collect();
    unwrap_pasted(&visible).to_owned()
}

/// Characters without a shape that come along with copied text: zero-width ones, marks of direction, the byte
/// order mark, the soft hyphen.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}'
            | '\u{2066}'..='\u{2069}' | '\u{feff}'
    )
}

/// Without the blanks and the pairs of quotes around it.
fn unwrap_pasted(text: &str) -> &str {
    const QUOTES: [(char, char); 6] =
        [('"', '"'), ('\'', '\''), ('`', '`'), ('“', '”'), ('‘', '’'), ('«', '»')];
    let mut text = text.trim_matches(|c: char| c.is_whitespace() || c.is_control());
    while let Some(inner) = QUOTES.iter().find_map(|(open, close)| {
        let inner = text.strip_prefix(*open)?.strip_suffix(*close)?;
        Some(inner.trim_matches(|c: char| c.is_whitespace() || c.is_control()))
    }) {
        text = inner;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT: &str = "11111111-2222-3333-4444-555555555555";
    const CLIENT: &str = "66666666-7777-8888-9999-aaaaaaaaaaaa";
    const SECRET: &str = "abc8Q~0123456789~._-ABCDEFGHIJKLMNOPQRST";

    fn input(tenant: &str, client: &str, secret: &str, cloud: &str) -> Input {
        Input {
            tenant_id: tenant.into(),
            client_id: client.into(),
            client_secret: secret.into(),
            cloud: cloud.into(),
        }
    }

    fn secret_of(candidate: &Candidate) -> &str {
        let Credential::ClientSecret(secret) = &candidate.identity.credential;
        secret.expose_secret()
    }

    #[test]
    fn what_comes_along_with_pasted_values_is_taken_off() {
        let pasted = [
            SECRET.to_owned(),
            format!("  {SECRET}\r\n"),
            format!("\u{feff}{SECRET}\u{200b}"),
            format!("\"{SECRET}\""),
            format!(" ' {SECRET} ' "),
            format!("“{SECRET}”"),
            format!("\u{a0}`{SECRET}`\u{2060}\t"),
            SECRET.chars().flat_map(|c| [c, '\u{200b}']).collect(),
        ];
        for secret in pasted {
            let candidate = input(TENANT, CLIENT, &secret, "").candidate().unwrap();
            assert_eq!(secret_of(&candidate), SECRET);
        }
        for tenant in [
            format!("{{{TENANT}}}"),
            format!(" {}\n", TENANT.to_uppercase()),
            TENANT.replace('-', "\u{2013}"),
            format!("\u{200e}'{TENANT}'"),
        ] {
            let candidate = input(&tenant, CLIENT, SECRET, " GCC-High ").candidate().unwrap();
            assert_eq!(candidate.identity.tenant_id.to_string(), TENANT);
            assert_eq!(candidate.cloud, Cloud::GccHigh);
        }
    }

    #[test]
    fn a_quote_that_has_no_partner_belongs_to_the_secret() {
        for secret in ["\"0123456789abcdefgh", "0123456789abcdefgh'", "a\"0123456789\"b"] {
            assert_eq!(secret_of(&input(TENANT, CLIENT, secret, "").candidate().unwrap()), secret);
        }
    }

    #[test]
    fn the_first_thing_that_is_wrong_is_named() {
        fn cause(tenant: &str, client: &str, secret: &str, cloud: &str) -> Option<Cause> {
            input(tenant, client, secret, cloud).candidate().err()
        }
        assert_eq!(cause("contoso", "", "", "mars"), Some(Cause::TenantIdMalformed));
        assert_eq!(cause(" Contoso.onmicrosoft.com ", "", "", "mars"), Some(Cause::TenantIdIsDomain));
        assert_eq!(cause("admin@contoso.com", "", "", ""), Some(Cause::TenantIdIsDomain));
        for text in [
            "a/b.com",
            "contoso.com/x",
            "a..com",
            "-a.com",
            "1.2",
            "https://contoso.com",
            "a?b.com",
            "%2e.com",
        ] {
            assert_eq!(cause(text, CLIENT, SECRET, ""), Some(Cause::TenantIdMalformed), "{text}");
        }
        assert_eq!(cause("", CLIENT, SECRET, ""), Some(Cause::TenantIdMalformed));
        assert_eq!(cause(TENANT, "my app", SECRET, ""), Some(Cause::ClientIdMalformed));
        assert_eq!(cause(TENANT, &TENANT.to_uppercase(), SECRET, ""), Some(Cause::ClientIdIsTenantId));
        assert_eq!(cause(TENANT, CLIENT, " \u{200b}\"\" ", ""), Some(Cause::SecretMissing));
        assert_eq!(cause(TENANT, CLIENT, TENANT, ""), Some(Cause::SecretIsSecretId));
        assert_eq!(cause(TENANT, CLIENT, &format!("\"{{{CLIENT}}}\""), ""), Some(Cause::SecretIsSecretId));
        assert_eq!(cause(TENANT, CLIENT, SECRET, "china"), Some(Cause::CloudUnsupported));
        assert_eq!(cause(TENANT, CLIENT, SECRET, "simulated"), Some(Cause::CloudUnsupported));
        assert_eq!(cause(TENANT, CLIENT, SECRET, "dod"), None);
    }

    #[test]
    fn an_id_that_is_no_guid_is_told_how_without_any_of_it() {
        for (text, form) in [
            (&TENANT[1..], "35 characters; a GUID has 36"),
            (&format!(" {TENANT}0 "), "37 characters; a GUID has 36"),
            ("x", "1 character; a GUID has 36"),
            ("\u{200b} ", "nothing was entered"),
            (
                &TENANT.replace('1', "l"),
                "it has other characters than the digits 0-9, the letters a-f and hyphens",
            ),
            (&TENANT.replace("1-2", "-12"), "its hyphens are not in the places of a GUID's"),
        ] {
            let tenant = input(text, CLIENT, SECRET, "");
            assert_eq!(tenant.form_of(tenant.candidate().unwrap_err()).as_deref(), Some(form), "{text}");
            let client = input(TENANT, text, SECRET, "");
            assert_eq!(client.form_of(client.candidate().unwrap_err()).as_deref(), Some(form), "{text}");
        }
        assert_eq!(input(TENANT, CLIENT, "", "").form_of(Cause::SecretMissing), None);
    }

    #[test]
    fn an_unusual_secret_is_hinted_at_and_never_refused() {
        let masked = "abc*****************";
        for secret in [masked, "hunter2", "with a blank in the middle", "pässwörd-pässwörd", &"x".repeat(200)]
        {
            let candidate = input(TENANT, CLIENT, secret, "").candidate().unwrap();
            let Credential::ClientSecret(kept) = &candidate.identity.credential;
            assert!(oddity(kept).is_some(), "{secret}");
            assert!(!oddity(kept).unwrap().contains(secret));
        }
        assert_eq!(oddity(&SECRET.into()), None);
        // 32 digits are no Secret ID as the portal shows it.
        assert!(input(TENANT, CLIENT, &TENANT.replace('-', ""), "").candidate().is_ok());
    }
}
