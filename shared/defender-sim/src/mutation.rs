//! Bodies as no server should send them, for tests of how answers are read.

use std::ops::Range;

use fastrand::Rng;
use serde_json::{Map, Value};

/// What is put into a body: pieces of JSON, and what is none.
const PIECES: [&[u8]; 18] = [
    b"\"",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\\",
    b"null",
    b"1e999",
    b"18446744073709551616",
    b"-0",
    b"\"@odata.x\":1,",
    b"\\ud800",
    b"\n",
    "\u{feff}".as_bytes(),
    b"\xff\xfe",
    b"\xc3",
];

/// How deep nesting gets: deeper than the stack of a parser that recurses can hold.
const DEPTH: usize = 20_000;

/// How deep a member's nesting gets: deeper than `serde_json` allows where it recurses.
const MEMBER_DEPTH: usize = 300;

/// `body` after some changes that know nothing of its form: bytes cut, doubled, flipped, moved and put in, deep
/// nesting, and bytes that are no UTF-8.
#[must_use]
pub fn broken(body: &[u8], rng: &mut Rng) -> Vec<u8> {
    let mut body = body.to_vec();
    for _ in 0..rng.u8(1..=4) {
        let at = rng.usize(..=body.len());
        match rng.u8(..9) {
            0 => body.truncate(at),
            1 => drop(body.drain(part(&body, rng))),
            2 => {
                let doubled = body[part(&body, rng)].to_vec();
                insert(&mut body, at, &doubled);
            }
            3 => {
                let moved: Vec<u8> = body.drain(part(&body, rng)).collect();
                let at = rng.usize(..=body.len());
                insert(&mut body, at, &moved);
            }
            4 | 5 => {
                if let Some(byte) = body.get_mut(at) {
                    *byte ^= 1 << rng.u8(..8);
                }
            }
            6 if rng.u8(..16) == 0 => {
                let open = if rng.bool() { "[" } else { "{\"a\":" };
                insert(&mut body, at, open.repeat(DEPTH).as_bytes());
            }
            _ => insert(&mut body, at, PIECES[rng.usize(..PIECES.len())]),
        }
    }
    body
}

fn part(body: &[u8], rng: &mut Rng) -> Range<usize> {
    let begin = rng.usize(..=body.len());
    let longest = if rng.bool() { 16 } else { body.len() };
    begin..(begin + rng.usize(..=longest)).min(body.len())
}

fn insert(body: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    let at = at.min(body.len());
    body.splice(at..at, bytes.iter().copied());
}

/// Where each member of an object stands, those of objects inside it included.
#[must_use]
pub fn members(body: &Value) -> Vec<Vec<String>> {
    let Value::Object(object) = body else { return Vec::new() };
    let mut found = Vec::new();
    for (name, value) in object {
        found.push(vec![name.clone()]);
        found.extend(members(value).into_iter().map(|inner| [vec![name.clone()], inner].concat()));
    }
    found
}

/// `body` in every way in which the one member at `path` can be odd and still leave JSON: of another type, twice, or
/// absent. With `keep` it stands there as it is as well.
#[must_use]
pub fn odd(body: &Value, path: &[String], keep: bool) -> Vec<String> {
    let mut values: Vec<String> =
        ["null", "true", "7", "-1", "1e999", "18446744073709551616", "[]", "{}", "[null]", "[{\"a\":[]}]"]
            .map(str::to_owned)
            .into();
    values.push(format!("{}{}", "[".repeat(MEMBER_DEPTH), "]".repeat(MEMBER_DEPTH)));
    values.push(format!("{}7{}", "{\"a\":".repeat(MEMBER_DEPTH), "}".repeat(MEMBER_DEPTH)));
    if !keep {
        values.extend(["\"\"", "\"x\"", "\"\\ud800\"", "\"a\nb\""].map(str::to_owned));
    }
    let mut bodies = Vec::new();
    for value in values {
        let orders: &[&[bool]] =
            if keep { &[&[true, false], &[false, true]] } else { &[&[false], &[false, false]] };
        for order in orders {
            bodies.push(written(body, path, &|right| {
                let right = right.to_string();
                order.iter().map(|is_right| if *is_right { right.clone() } else { value.clone() }).collect()
            }));
        }
    }
    if !keep {
        bodies.push(written(body, path, &|_| Vec::new()));
    }
    let marked: Vec<String> = bodies.iter().map(|body| format!("\u{feff}{body}")).collect();
    bodies.extend(marked);
    bodies
}

/// The text of `value`, with the member at `path` once for each of the texts that `instead` gives.
fn written(value: &Value, path: &[String], instead: &dyn Fn(&Value) -> Vec<String>) -> String {
    let (Value::Object(object), Some((first, rest))) = (value, path.split_first()) else {
        return value.to_string();
    };
    written_object(object, first, rest, instead)
}

fn written_object(
    object: &Map<String, Value>,
    first: &str,
    rest: &[String],
    instead: &dyn Fn(&Value) -> Vec<String>,
) -> String {
    let members = object.iter().flat_map(|(name, value)| {
        let texts = match (name == first, rest.is_empty()) {
            (true, true) => instead(value),
            (true, false) => vec![written(value, rest, instead)],
            (false, _) => vec![value.to_string()],
        };
        let name = Value::from(name.as_str());
        texts.into_iter().map(move |text| format!("{name}:{text}"))
    });
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_odd_and_its_neighbours_are_as_they_were() {
        let body = serde_json::json!({"a": {"b": 1, "c": "x"}, "d": [2]});
        let paths = members(&body);
        assert_eq!(paths.len(), 4);
        let path = ["a".to_owned(), "b".to_owned()];
        let replaced = odd(&body, &path, false);
        assert!(replaced.contains(&r#"{"a":{"b":null,"c":"x"},"d":[2]}"#.to_owned()));
        assert!(replaced.contains(&r#"{"a":{"c":"x"},"d":[2]}"#.to_owned()));
        let twice = odd(&body, &path, true);
        assert!(twice.contains(&r#"{"a":{"b":1,"b":null,"c":"x"},"d":[2]}"#.to_owned()));
        assert!(twice.iter().all(|body| body.contains("\"b\":1,")));
    }

    #[test]
    fn one_seed_gives_one_body() {
        let broken = |seed| broken(b"{\"a\":[1,2,3]}", &mut Rng::with_seed(seed));
        assert_eq!(broken(7), broken(7));
        assert!((0..20).any(|seed| broken(seed) != broken(7)));
    }
}
