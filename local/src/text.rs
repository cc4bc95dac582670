//! Text for people: on a terminal, and in messages.

use std::borrow::Cow;

use graph_auth::Cloud;
use incident_store::{Aside, Connection, NewConnection};

/// The widest line, in columns: a terminal's usual width.
pub(crate) const WIDTH: usize = 80;

/// `text` in lines of at most [`WIDTH`], the first one after `first` and the others after `rest`.
pub(crate) fn wrapped(first: &str, rest: &str, text: &str) -> String {
    let options = textwrap::Options::new(WIDTH)
        .initial_indent(first)
        .subsequent_indent(rest)
        .break_words(false)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::fill(text, options) + "\n"
}

/// `text` on one line, without anything that could steer a terminal or turn the reading direction: titles
/// and names are what an attacker made Microsoft store.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let harmless = |letter| match letter {
        '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => ' ',
        letter if steers(letter) => '\u{fffd}',
        letter => letter,
    };
    Cow::Owned(text.chars().map(harmless).collect())
}

/// C0 and C1 controls, line and paragraph separators, and the invisible characters that set directions
/// (Unicode Standard Annex 9) or join and split words.
fn steers(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// What a connection is called, and whether it is real.
pub(crate) fn label(connection: &Connection) -> String {
    let NewConnection { name, tenant_id, .. } = &connection.settings;
    let name = name.as_deref().map_or_else(|| format!("tenant {tenant_id}"), |name| plain(name).into_owned());
    if is_simulated(connection) { format!("{name} (simulated)") } else { name }
}

/// What of a stream is set aside.
pub(crate) fn aside_text(aside: &Aside) -> String {
    match aside {
        Aside::Record { id } => format!("record {}", plain(id)),
        Aside::Interval { from, to, .. } => format!("the records from {from} to {to}"),
    }
}

/// Whether a connection leads to a simulator.
pub(crate) fn is_simulated(connection: &Connection) -> bool {
    matches!(connection.settings.cloud, Cloud::Simulated(_))
}

/// A length of time to about two digits: `45 s`, `3 min`, `26 h`, `5 days`.
pub(crate) fn span(seconds: i64) -> String {
    match seconds.max(0) {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7200 => format!("{} min", seconds / 60),
        seconds @ 7200..172_800 => format!("{} h", seconds / 3600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

/// `1 incident`, `2 incidents`.
pub(crate) fn count(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// A name that is kept: trimmed; `None` when nothing is left. At most 100 characters.
pub(crate) fn name(text: Option<&str>) -> Option<String> {
    const LONGEST: usize = 100;
    let name: String = plain(text?.trim()).chars().take(LONGEST).collect();
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_taken_out() {
        assert_eq!(
            plain("Malware \u{1b}[2J on\nhost\u{202e}gpj.exe\u{9b}31m"),
            "Malware \u{fffd}[2J on host\u{fffd}gpj.exe\u{fffd}31m"
        );
        assert!(matches!(plain("Überfall – 攻撃"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_span_has_the_unit_that_one_would_say() {
        let spoken: Vec<_> = [-3, 0, 119, 120, 7199, 7200, 172_799, 172_800].map(span).into();
        assert_eq!(spoken, ["0 s", "0 s", "119 s", "2 min", "119 min", "2 h", "47 h", "2 days"]);
    }

    #[test]
    fn an_empty_name_is_none() {
        assert_eq!(name(Some("  ")), None);
        assert_eq!(name(Some(" Contoso\u{7} ")).as_deref(), Some("Contoso\u{fffd}"));
        assert_eq!(name(Some(&"x".repeat(300))).unwrap().len(), 100);
    }
}
