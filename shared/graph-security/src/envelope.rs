//! The object that a page is: its rows, its link, and whatever else is passed over.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::PageFault;

/// What is read of it.
pub(crate) struct Envelope<'a> {
    /// Every row of every `value` that is an array.
    pub(crate) rows: Vec<&'a RawValue>,
    /// Every `@odata.nextLink`.
    pub(crate) links: Vec<&'a RawValue>,
}

/// A page as it is documented.
#[derive(Deserialize)]
struct Documented<'a> {
    #[serde(borrow)]
    value: Vec<&'a RawValue>,
    #[serde(borrow, rename = "@odata.nextLink")]
    next: Option<&'a RawValue>,
}

impl<'a> Envelope<'a> {
    /// In one pass where the page is as it is documented. Where it is not, member by member, so that one that stands
    /// twice or is odd costs no row.
    pub(crate) fn read(body: &'a [u8]) -> Result<Self, PageFault> {
        if let Ok(Documented { value, next }) = serde_json::from_slice(body) {
            return Ok(Self { rows: value, links: next.into_iter().collect() });
        }
        let text: &RawValue = serde_json::from_slice(body).map_err(|_| PageFault::NotJson)?;
        let Members(members) = serde_json::from_str(text.get()).map_err(|_| PageFault::NotAPage)?;
        let (mut rows, mut links) = (None, Vec::new());
        for (member, value) in members {
            match member {
                Member::Value => {
                    if let Ok(more) = serde_json::from_str::<Vec<&RawValue>>(value.get()) {
                        rows.get_or_insert_with(Vec::new).extend(more);
                    }
                }
                Member::NextLink => links.push(value),
                Member::Other => {}
            }
        }
        Ok(Self { rows: rows.ok_or(PageFault::NotAPage)?, links })
    }
}

/// Every member as it stands.
struct Members<'a>(Vec<(Member, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;

        impl<'de> Visitor<'de> for Each {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a page")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Each)
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
