//! The object that a page is: its rows, its link, and whatever else is passed over.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// What is read of it. A member that stands twice or is odd costs no row.
#[derive(Default)]
pub(crate) struct Envelope<'a> {
    /// Every row of every `value` that is an array; `None` where there is none.
    pub(crate) rows: Option<Vec<&'a RawValue>>,
    /// Every `@odata.nextLink`.
    pub(crate) links: Vec<&'a RawValue>,
}

impl<'de> Deserialize<'de> for Envelope<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Envelope<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a page")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
                let mut envelope = Envelope::default();
                while let Some(member) = members.next_key()? {
                    match member {
                        Member::Value => {
                            let Rows(rows) = members.next_value()?;
                            match &mut envelope.rows {
                                Some(all) => all.extend(rows.into_iter().flatten()),
                                none => *none = rows,
                            }
                        }
                        Member::NextLink => envelope.links.push(members.next_value()?),
                        Member::Other => {
                            let IgnoredAny = members.next_value()?;
                        }
                    }
                }
                Ok(envelope)
            }
        }

        deserializer.deserialize_map(Members)
    }
}

enum Member {
    Value,
    NextLink,
    Other,
}

impl<'de> Deserialize<'de> for Member {
    /// As bytes: a name may have half a surrogate pair, which is no text.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;

        impl Visitor<'_> for Name {
            type Value = Member;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_bytes<E>(self, name: &[u8]) -> Result<Member, E> {
                Ok(match name {
                    b"value" => Member::Value,
                    b"@odata.nextLink" => Member::NextLink,
                    _ => Member::Other,
                })
            }
        }

        deserializer.deserialize_bytes(Name)
    }
}

/// The rows of an array; `None` of anything else.
struct Rows<'a>(Option<Vec<&'a RawValue>>);

impl<'de> Deserialize<'de> for Rows<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Array;

        impl<'de> Visitor<'de> for Array {
            type Value = Rows<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("rows")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<Self::Value, A::Error> {
                let mut all = Vec::new();
                while let Some(row) = rows.next_element()? {
                    all.push(row);
                }
                Ok(Rows(Some(all)))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
                while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Rows(None))
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Rows(None))
            }

            fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
                Ok(Rows(None))
            }

            fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
                Ok(Rows(None))
            }

            fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
                Ok(Rows(None))
            }

            fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
                Ok(Rows(None))
            }

            fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
                Ok(Rows(None))
            }
        }

        deserializer.deserialize_any(Array)
    }
}
