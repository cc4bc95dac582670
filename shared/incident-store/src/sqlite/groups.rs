//! Groups, and whose they are.

use rusqlite::{Connection as Db, OptionalExtension as _, TransactionBehavior, params};

use crate::{GroupId, StoreError};

pub(super) fn of_owner(db: &Db, owner: &str) -> Result<Vec<GroupId>, StoreError> {
    let mut statement = db.prepare_cached("SELECT id FROM groups WHERE owner = ? ORDER BY id")?;
    let rows = statement.query_map([owner], |row| row.get::<_, String>(0))?;
    rows.map(|id| Ok(id?.into())).collect()
}

pub(super) fn home(db: &mut Db, owner: &str, new: &GroupId) -> Result<GroupId, StoreError> {
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    tx.prepare_cached(
        "INSERT INTO groups (id, owner, home) VALUES (?, ?, 1) ON CONFLICT (owner) WHERE home DO NOTHING",
    )?
    .execute(params![new.as_str(), owner])?;
    let id: String = tx
        .prepare_cached("SELECT id FROM groups WHERE owner = ? AND home")?
        .query_row([owner], |row| row.get(0))?;
    tx.commit()?;
    Ok(id.into())
}

pub(super) fn owner(db: &Db, group: &GroupId) -> Result<Option<String>, StoreError> {
    let mut statement = db.prepare_cached("SELECT owner FROM groups WHERE id = ?")?;
    Ok(statement.query_row([group.as_str()], |row| row.get(0)).optional()?)
}

pub(super) fn move_to(db: &mut Db, group: &GroupId, from: &str, to: &str) -> Result<(), StoreError> {
    let sql = "UPDATE groups SET owner = ?3, home = home AND ?2 = ?3 WHERE id = ?1 AND owner = ?2";
    if db.prepare_cached(sql)?.execute([group.as_str(), from, to])? > 0 {
        return Ok(());
    }
    Err(if owner(db, group)?.is_some() { StoreError::Stale } else { StoreError::Gone })
}
