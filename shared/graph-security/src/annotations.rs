//! A record without the annotations that `OData` adds to an answer.
//!
//! `GET /incidents/{id}` carries `@odata.context`, a row of a list does not, and either may carry `@odata.etag` or
//! `@microsoft.graph.tips`. These members describe the answer, not the record. Annotations inside a member, such as
//! the `@odata.type` of each piece of evidence, belong to the record and stay.
//! <https://docs.oasis-open.org/odata/odata-json-format/v4.01/odata-json-format-v4.01.html#sec_ControlInformation>

use crate::members::members;

/// The bytes of `record`, a JSON object, without its top-level annotations: the members whose names contain `@`,
/// which no property's name does. `None` where the record has none.
pub(crate) fn without_annotations(record: &str) -> Option<String> {
    let kept: Vec<_> = members(record)?.filter(|(key, _)| !is_annotation(key)).collect();
    if kept.len() == members(record)?.count() {
        return None;
    }
    let texts = kept.into_iter().map(|(key, value)| format!("\"{key}\":{value}"));
    Some(format!("{{{}}}", texts.collect::<Vec<_>>().join(",")))
}

/// Whether a member of this name is an annotation. The name is as it stands between its quotes.
pub(crate) fn is_annotation(key: &str) -> bool {
    // `@` may be written as an escape.
    key.contains('@') || key.contains("\\u0040")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_record_s_own_annotations_go() {
        for (annotated, plain) in [
            (r#"{"@odata.context":"https://x/$metadata#a, {b}","id":"1"}"#, r#"{"id":"1"}"#),
            (
                r##"{ "id" : "1", "\u0040odata.etag":"W/\"2\"", "a":[{"@odata.type":"#t"}] }"##,
                r##"{"id":"1","a":[{"@odata.type":"#t"}]}"##,
            ),
            (r#"{"alerts@odata.context":"c","@microsoft.graph.tips":"t","id":"1"}"#, r#"{"id":"1"}"#),
            (r#"{"@odata.context":"c"}"#, "{}"),
        ] {
            assert_eq!(without_annotations(annotated).as_deref(), Some(plain));
        }
        let plain = r##"{"id":"1","title":"a@b","evidence":[{"@odata.type":"#t"}]}"##;
        assert_eq!(without_annotations(plain), None);
    }
}
