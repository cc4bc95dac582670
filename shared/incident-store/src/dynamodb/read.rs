//! Reading records, as docs/data.md says how.

use bytes::Bytes;
use graph_security::RecordKind;
use jiff::Timestamp;

use super::DynamoStore;
use super::item::{instant, of_number, of_text};
use super::keys;
use super::record::{BodyAt, body, stored, version};
use super::table::{CHANGES, SK};
use crate::stored::{kind, unreadable};
use crate::{ConnectionId, StoreError, StoredVersion};

/// A record as the store has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DynamoRecord {
    /// Its head, revision and fingerprint.
    pub version: StoredVersion,
    /// The date of the answer that first brought it.
    pub first_seen: Timestamp,
    /// The JSON object as sent.
    pub body: Body,
}

/// A record's body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// As sent, byte for byte.
    Raw(Bytes),
    /// It does not fit into an item, even compressed: read it from Graph by its id.
    Oversize,
}

impl DynamoStore {
    /// One record with its body.
    ///
    /// # Errors
    /// Only when the store cannot answer.
    pub async fn record(
        &self,
        connection: ConnectionId,
        kind: RecordKind,
        id: &str,
    ) -> Result<Option<DynamoRecord>, StoreError> {
        let (own, apart) = (keys::record(connection, kind, id), keys::body(connection, kind, id));
        let Some(item) = self.get(&own).await? else { return Ok(None) };
        let head = stored(&item)?;
        let body = match head.body_at {
            BodyAt::Here => Body::Raw(body(&item)?.into()),
            BodyAt::Oversize => Body::Oversize,
            BodyAt::Apart => match self.get(&apart).await? {
                Some(item) => Body::Raw(body(&item)?.into()),
                // It was deleted between the two reads: the record has aged out, or its connection was removed.
                None => return Ok(None),
            },
        };
        Ok(Some(DynamoRecord { version: head.version, first_seen: instant(&item, "first_seen")?, body }))
    }

    /// At most `limit` of a connection's records that changed after `revision`, in the order they did; from an
    /// index, so what was written in the last second may be missing in between: see docs/data.md.
    ///
    /// # Errors
    /// Only when the store cannot answer.
    pub async fn changed_since(
        &self,
        connection: ConnectionId,
        revision: u64,
        limit: usize,
    ) -> Result<Vec<(RecordKind, StoredVersion)>, StoreError> {
        let mut items = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(CHANGES.name)
            .key_condition_expression("#partition = :connection AND #sort > :revision")
            .expression_attribute_names("#partition", CHANGES.partition)
            .expression_attribute_names("#sort", CHANGES.sort)
            .expression_attribute_values(":connection", of_text(connection.to_string()))
            .expression_attribute_values(":revision", of_number(revision))
            .into_paginator()
            .items()
            .send();
        let mut changed = Vec::new();
        while changed.len() < limit {
            let Some(item) = items.next().await else { break };
            let item = item?;
            let sk = super::item::text(&item, SK)?;
            let name = sk.split('#').next().ok_or_else(|| unreadable("key"))?;
            changed.push((kind(name)?, version(&item)?));
        }
        Ok(changed)
    }
}
