//! JSON that need not be quite as documented: an odd member costs itself, and no other one.
//!
//! For error answers and other small documents, where what is said must not depend on the form of everything
//! beside it: a member may stand twice, be of another type or break off, and a string may hold what JSON forbids.

use std::borrow::Cow;

/// What some front ends write before JSON; a reader may ignore it (RFC 8259 §8.1).
const BYTE_ORDER_MARK: char = '\u{feff}';

/// The members of a JSON object in their order, up to where they can no longer be told apart.
pub struct Loose<'a> {
    /// Each member's name, and its value as it stands.
    members: Vec<(Cow<'a, str>, &'a str)>,
}

impl<'a> Loose<'a> {
    /// `None` where no object begins.
    #[must_use]
    pub fn read(text: &'a str) -> Option<Self> {
        let text = text.trim_start_matches(|c: char| c.is_whitespace() || c == BYTE_ORDER_MARK);
        let mut rest = text.strip_prefix('{')?;
        let members = std::iter::from_fn(|| next_member(&mut rest));
        Some(Self { members: members.map(|(name, value)| (unescaped(name), value)).collect() })
    }

    /// The values of a member as they stand; more than one where it stands more than once. Upper and lower case
    /// of its name are the same.
    pub fn values(&self, name: &str) -> impl Iterator<Item = &'a str> {
        let named = self.members.iter().filter(move |(other, _)| other.eq_ignore_ascii_case(name));
        named.map(|(_, value)| *value)
    }

    /// A member's text; where it has none, a number or a boolean as it stands. Of several the first one.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        self.values(name).find_map(string).or_else(|| self.values(name).find_map(scalar))
    }

    /// Every number in a member, whether it is a number, a text that is nothing else, or a list of these.
    #[must_use]
    pub fn numbers(&self, name: &str) -> Vec<u32> {
        let elements = |value: &'a str| value.split(|c: char| c.is_whitespace() || ",[]".contains(c));
        let number = |element: &str| element.trim_matches('"').parse().ok();
        self.values(name).flat_map(elements).filter_map(number).collect()
    }

    /// The members of a member that is an object.
    #[must_use]
    pub fn object(&self, name: &str) -> Option<Self> {
        let objects: Vec<Self> = self.values(name).filter_map(Self::read).collect();
        let is_there = !objects.is_empty();
        is_there.then(|| Self { members: objects.into_iter().flat_map(|object| object.members).collect() })
    }
}

fn next_member<'a>(rest: &mut &'a str) -> Option<(&'a str, &'a str)> {
    let from_name = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',').strip_prefix('"')?;
    let (name, after) = from_name.split_at_checked(string_end(from_name.as_bytes())?)?;
    let after = after.strip_prefix('"')?.trim_start().strip_prefix(':')?.trim_start();
    let (value, after) = after.split_at_checked(value_end(after.as_bytes())?)?;
    *rest = after;
    Some((name, value))
}

/// Where the value ends that `text` begins with.
fn value_end(text: &[u8]) -> Option<usize> {
    match text.first()? {
        b'"' => string_end(text.get(1..)?)?.checked_add(2),
        // An object that breaks off has whole members.
        b'{' => container_end(text).or(Some(text.len())),
        b'[' => container_end(text),
        _ => text.iter().position(|byte| matches!(byte, b',' | b'}' | b']') || byte.is_ascii_whitespace()),
    }
}

/// Where the quote is that ends a string; `text` begins behind the one that begins it.
fn string_end(text: &[u8]) -> Option<usize> {
    let mut is_escaped = false;
    text.iter().position(|byte| {
        let ends = *byte == b'"' && !is_escaped;
        is_escaped = *byte == b'\\' && !is_escaped;
        ends
    })
}

fn container_end(text: &[u8]) -> Option<usize> {
    let (mut depth, mut in_string, mut is_escaped) = (0_usize, false, false);
    let end = text.iter().position(|byte| {
        match byte {
            b'"' if !is_escaped => in_string = !in_string,
            b'{' | b'[' if !in_string => depth = depth.saturating_add(1),
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        is_escaped = in_string && *byte == b'\\' && !is_escaped;
        depth == 0
    });
    end?.checked_add(1)
}

fn string(value: &str) -> Option<String> {
    let between = value.strip_prefix('"')?.strip_suffix('"')?;
    Some(unescaped(between).into_owned())
}

fn scalar(value: &str) -> Option<String> {
    matches!(value.as_bytes().first()?, b'0'..=b'9' | b'-' | b't' | b'f').then(|| value.to_owned())
}

/// What stands between two quotes, without its escapes; as it stands where an escape is none.
fn unescaped(between: &str) -> Cow<'_, str> {
    if !between.contains('\\') {
        return between.into();
    }
    serde_json::from_str(&format!("\"{between}\"")).map_or(Cow::Borrowed(between), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value};

    use super::*;

    #[test]
    fn an_odd_member_costs_itself_only() {
        let loose = Loose::read(concat!(
            "\u{feff} {\"a\":null,\"b\":\"\\ud800\",\"c\":\"line\nbreak\",\"d\":{\"x\":[1,{\"y\":\"}\"}]},",
            "\"a\":\"twice\",\"\\u0065\":\"7000222\",\"f\":[\"70002\",50012,null],\"f\":9,\"cut\":\"of"
        ))
        .unwrap();
        assert_eq!(loose.text("A").as_deref(), Some("twice"));
        assert_eq!(loose.text("b").as_deref(), Some("\\ud800"));
        assert_eq!(loose.text("c").as_deref(), Some("line\nbreak"));
        assert_eq!(loose.text("d"), None);
        assert_eq!(loose.object("d").unwrap().values("x").next(), Some("[1,{\"y\":\"}\"}]"));
        assert_eq!(loose.numbers("e"), [7_000_222]);
        assert_eq!(loose.numbers("f"), [70_002, 50_012, 9]);
        let echo = Loose::read(r#"{"f":["S3n8Q~0123456"," 70002 "]}"#).unwrap();
        assert_eq!(echo.numbers("f"), [70_002], "a piece of a text is none");
        assert_eq!(loose.text("cut"), None);
        let cut = Loose::read(r#"{"error":7,"error":{"code":1,"code":"x","numbers":[70002"#).unwrap();
        let error = cut.object("error").unwrap();
        assert_eq!(error.text("code").as_deref(), Some("x"));
        assert!(error.numbers("numbers").is_empty(), "the number may go on");
    }

    #[test]
    fn what_is_no_object_is_none_and_depth_is_no_trouble() {
        for text in ["", "<html>", "[]", "\"{\"", "null"] {
            assert!(Loose::read(text).is_none(), "{text}");
        }
        let deep = format!("{{\"a\":{}{},\"b\":1}}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(Loose::read(&deep).unwrap().text("b").as_deref(), Some("1"));
    }

    fn json() -> impl Strategy<Value = Value> {
        let text = r#"[ a"\\/{}\[\],:\n\t\u{1}\u{fffd}😀]{0,8}"#;
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            text.prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 20, 4, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(text, inner, 0..4).prop_map(|all| all.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn of_json_they_are_those_that_serde_json_finds(value in json()) {
            let text = value.to_string();
            let loose = Loose::read(&text);
            prop_assert_eq!(loose.is_some(), value.is_object());
            let Some(loose) = loose else { return Ok(()) };
            let read = loose.members.iter().map(|(name, value)| {
                (name.clone().into_owned(), serde_json::from_str(value).unwrap())
            });
            prop_assert_eq!(Value::Object(read.collect::<Map<_, _>>()), value);
        }

        #[test]
        fn of_anything_else_they_are_parts_of_it(text in "\\{?[ a\"\\\\/{}\\[\\],:1]{0,40}") {
            for (_, value) in Loose::read(&text).into_iter().flat_map(|loose| loose.members) {
                prop_assert!(text.contains(value));
            }
        }
    }
}
