//! A record without the annotations that `OData` adds to an answer.
//!
//! `GET /incidents/{id}` carries `@odata.context`, a row of a list does not, and either may carry `@odata.etag` or
//! `@microsoft.graph.tips`. These members describe the answer, not the record. Annotations inside a member, such as
//! the `@odata.type` of each piece of evidence, belong to the record and stay.
//! <https://docs.oasis-open.org/odata/odata-json-format/v4.01/odata-json-format-v4.01.html#sec_ControlInformation>

/// Whether a member of this name is an annotation: a name with `@`, which no property has. The name is as it stands
/// between its quotes, where `@` may be an escape.
pub(crate) fn is_annotation(key: &str) -> bool {
    let is_escaped = || key.contains('\\') && serde_json::from_str(&format!("\"{key}\"")).is_ok_and(has_at);
    key.contains('@') || is_escaped()
}

#[expect(clippy::needless_pass_by_value, reason = "it is what was just read")]
fn has_at(name: String) -> bool {
    name.contains('@')
}

/// Cuts members out of a JSON object whose members are told in their order. What is kept stays byte for byte.
pub(crate) struct Cutter<'a> {
    object: &'a str,
    /// Runs of kept members that a cut ended.
    done: Vec<&'a str>,
    /// Where the current run of kept members begins and ends.
    run: Option<(usize, usize)>,
    is_cut: bool,
}

impl<'a> Cutter<'a> {
    pub(crate) fn new(object: &'a str) -> Self {
        Self { object, done: Vec::new(), run: None, is_cut: false }
    }

    /// `key`, as it stands between its quotes, and `value` are slices of the object.
    pub(crate) fn keep(&mut self, key: &str, value: &str) {
        let offset = |part: &str| part.as_ptr().addr() - self.object.as_ptr().addr();
        let (begin, end) = (offset(key) - 1, offset(value) + value.len());
        self.run = Some((self.run.map_or(begin, |(begin, _)| begin), end));
    }

    pub(crate) fn cut(&mut self) {
        self.is_cut = true;
        self.end_run();
    }

    fn end_run(&mut self) {
        self.done.extend(self.run.take().and_then(|(begin, end)| self.object.get(begin..end)));
    }

    /// The object without the members that were cut; `None` where there were none.
    pub(crate) fn finish(mut self) -> Option<String> {
        if !self.is_cut {
            return None;
        }
        self.end_run();
        let mut kept = String::with_capacity(self.object.len());
        kept.push('{');
        for (place, run) in self.done.into_iter().enumerate() {
            if place > 0 {
                kept.push(',');
            }
            kept.push_str(run);
        }
        kept.push('}');
        Some(kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::members::members;

    fn without_annotations(object: &str) -> Option<String> {
        let mut cutter = Cutter::new(object);
        for (key, value) in members(object).unwrap() {
            if is_annotation(key) { cutter.cut() } else { cutter.keep(key, value) }
        }
        cutter.finish()
    }

    #[test]
    fn only_the_record_s_own_annotations_go_and_the_rest_stays_byte_for_byte() {
        for (annotated, plain) in [
            (r#"{"@odata.context":"https://x/$metadata#a, {b}","id":"1"}"#, r#"{"id":"1"}"#),
            (
                r##"{ "id" : "1", "\u0040odata.etag":"W/\"2\"", "a":[{"@odata.type":"#t"}] }"##,
                r##"{"id" : "1","a":[{"@odata.type":"#t"}]}"##,
            ),
            (r#"{"alerts@odata.context":"c","@microsoft.graph.tips":"t","id":"1"}"#, r#"{"id":"1"}"#),
            (r#"{"id":"1" , "x": 2,"@odata.id":"c"}"#, r#"{"id":"1" , "x": 2}"#),
            (r#"{"@odata.context":"c"}"#, "{}"),
        ] {
            assert_eq!(without_annotations(annotated).as_deref(), Some(plain));
        }
        let plain = r##"{"id":"1","title":"a@b","evidence":[{"@odata.type":"#t"}]}"##;
        assert_eq!(without_annotations(plain), None);
        // A backslash before `u0040` that is escaped itself makes no `@`.
        assert_eq!(without_annotations(r#"{"id":"1","a\\u0040b":2}"#), None);
    }
}
