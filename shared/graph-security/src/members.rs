//! The members of a JSON object whose syntax has been checked already.
//!
//! `serde_json` checks every byte that it passes over, and has done so when it cut a page into rows. Going over
//! them once more for eleven fields would cost as much again; jumping from quote to quote costs a quarter.

/// Each member's key, as it stands between its quotes, and the text of its value. Nothing where `text` is no
/// object; of text that is no JSON, any part.
pub(crate) fn members(text: &str) -> Option<Members<'_>> {
    Some(Members { rest: text.strip_prefix('{')? })
}

/// See [`members`].
pub(crate) struct Members<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Members<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let (_, from_key) = self.rest.split_once('"')?;
        let key = from_key.get(..string_end(from_key.as_bytes())?)?;
        let (_, after) = from_key.get(key.len()..)?.split_once(':')?;
        let after = after.trim_start();
        let (value, rest) = after.split_at_checked(value_end(after.as_bytes())?)?;
        self.rest = rest;
        Some((key, value))
    }
}

/// Where the value ends that `text` begins with.
fn value_end(text: &[u8]) -> Option<usize> {
    match text.first()? {
        b'"' => Some(string_end(&text[1..])? + 2),
        b'{' | b'[' => container_end(text),
        _ => text.iter().position(|byte| matches!(byte, b',' | b'}' | b']') || byte.is_ascii_whitespace()),
    }
}

/// Where the quote is that ends a string; `text` begins behind the one that begins it.
fn string_end(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'"', b'\\', text.get(at..)?)?;
        if text[at] == b'"' {
            return Some(at);
        }
        // What is escaped may be a quote.
        at += 2;
    }
}

fn container_end(text: &[u8]) -> Option<usize> {
    let (mut at, mut depth) = (0, 0_usize);
    loop {
        match text.get(at)? {
            b'"' => at += string_end(text.get(at + 1..)?)? + 1,
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth == 1 => return Some(at + 1),
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde_json::Value;
    use serde_json::value::RawValue;

    use super::*;

    fn json() -> impl Strategy<Value = Value> {
        let text = r#"[ a"\\/{}\[\],:\n\té\u{1}\u{fffd}😀]{0,12}"#;
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            text.prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(text, inner, 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn they_are_those_that_serde_json_finds(value in json(), is_pretty in any::<bool>()) {
            let text = if is_pretty { format!("{value:#}") } else { value.to_string() };
            let expected: Option<BTreeMap<String, &RawValue>> = serde_json::from_str(&text).ok();
            let found = members(&text).map(Iterator::collect::<Vec<_>>);
            prop_assert_eq!(found.is_some(), expected.is_some());
            let (Some(found), Some(expected)) = (found, expected) else { return Ok(()) };
            prop_assert_eq!(found.len(), expected.len());
            for (key, value) in found {
                let key: String = serde_json::from_str(&format!("\"{key}\"")).unwrap();
                prop_assert_eq!(Some(value), expected.get(&key).map(|raw| raw.get()));
            }
        }

        #[test]
        fn what_is_no_json_ends_it(text in any::<String>()) {
            for text in [text.clone(), format!("{{\"a\":{text}")] {
                for (key, value) in members(&text).into_iter().flatten() {
                    prop_assert!(text.contains(key) && text.contains(value));
                }
            }
        }
    }
}
