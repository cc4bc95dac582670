//! What a body says, whatever the order of its keys: so that no body has to be read back to compare it.

use serde_json::Value;

/// A digest that two bodies share when [`crate::same_content`] calls them the same.
pub(super) fn content(raw: &[u8]) -> u128 {
    let mut canonical = Vec::with_capacity(raw.len() + 1);
    if let Ok(value) = serde_json::from_slice::<Value>(raw) {
        canonical.push(b'j');
        write(&value, &mut canonical);
    } else {
        canonical.push(b'b');
        canonical.extend_from_slice(raw);
    }
    xxhash_rust::xxh3::xxh3_128(&canonical)
}

/// JSON with sorted keys. `serde_json` parses at most 128 levels, so the recursion ends.
fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Object(fields) => {
            let mut keys: Vec<&String> = fields.keys().collect();
            keys.sort_unstable();
            out.push(b'{');
            for key in keys {
                write(&Value::String(key.clone()), out);
                out.push(b':');
                write(&fields[key], out);
                out.push(b',');
            }
            out.push(b'}');
        }
        Value::Array(values) => {
            out.push(b'[');
            for value in values {
                write(value, out);
                out.push(b',');
            }
            out.push(b']');
        }
        plain => out.extend_from_slice(plain.to_string().as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::same_content;

    #[test]
    fn digests_agree_exactly_where_the_content_does() {
        let bodies: [&[u8]; 14] = [
            br#"{"a":1,"b":[1,{"x":null,"y":"\u00e9"}]}"#,
            r#" { "b" : [1, {"y":"é","x":null}], "a" : 1 } "#.as_bytes(),
            br#"{"a":1,"b":[{"x":null,"y":"e"},1]}"#,
            br#"{"a":1.0}"#,
            br#"{"a":1}"#,
            br#"{"a":"1"}"#,
            br#"{"a":[1,2]}"#,
            br#"{"a":[[1],2]}"#,
            br#"{"a":{"b":1}}"#,
            br#"{"a":"{\"b\":1,}"}"#,
            b"no JSON",
            b"no  JSON",
            b"\"no JSON\"",
            b"\xff",
        ];
        for one in bodies {
            for other in bodies {
                let told = content(one) == content(other);
                assert_eq!(told, same_content(one, other), "{one:?} {other:?}");
            }
        }
    }
}
