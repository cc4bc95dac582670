//! From any older version of the tables to this one: one transaction for each step.

use rusqlite::{Connection as Db, TransactionBehavior};

use crate::StoreError;

/// `MIGRATIONS[n]` leads from version `n` to `n + 1`. One that has been released never changes.
const MIGRATIONS: [&str; 2] = [include_str!("migrations/1.sql"), include_str!("migrations/2.sql")];

/// "SOCA": tells our files from other programs'; <https://sqlite.org/pragma.html#pragma_application_id>
const APPLICATION_ID: i64 = 0x534F_4341;

pub(super) fn to_newest(db: &mut Db) -> Result<(), StoreError> {
    while apply_next(db)? {}
    Ok(())
}

/// Takes one step, if there is one to take.
fn apply_next(db: &mut Db) -> Result<bool, StoreError> {
    if missing(db)?.is_none() {
        return Ok(false);
    }
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have taken it meanwhile.
    let Some((to_version, sql)) = missing(&tx)? else { return Ok(false) };
    tx.execute_batch(sql)?;
    tx.pragma_update(None, "application_id", APPLICATION_ID)?;
    tx.pragma_update(None, "user_version", super::row::signed(to_version))?;
    tx.commit()?;
    Ok(true)
}

/// The next step: the version it leads to, and its statements.
fn missing(db: &Db) -> Result<Option<(usize, &'static str)>, StoreError> {
    let number = |pragma: &str| db.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let version = number("user_version")?;
    let objects: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let empty = version == 0 && objects == 0;
    if !empty && number("application_id")? != APPLICATION_ID {
        return Err(StoreError::Corrupt("the file is another program's database".into()));
    }
    match usize::try_from(version) {
        Ok(version) if version <= MIGRATIONS.len() => {
            Ok(MIGRATIONS.get(version).map(|sql| (version + 1, *sql)))
        }
        _ => Err(StoreError::Corrupt(format!(
            "its version is {version}, this program reads up to {}",
            MIGRATIONS.len()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(db: &Db) -> i64 {
        db.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
    }

    #[test]
    fn each_step_raises_the_version_by_one_and_the_last_is_final() {
        let mut db = Db::open_in_memory().unwrap();
        for step in 1..=MIGRATIONS.len() {
            assert!(apply_next(&mut db).unwrap());
            assert_eq!(version(&db), i64::try_from(step).unwrap());
        }
        assert!(!apply_next(&mut db).unwrap());
    }

    #[test]
    fn a_newer_version_is_refused_and_left_as_it_is() {
        let mut db = Db::open_in_memory().unwrap();
        to_newest(&mut db).unwrap();
        db.pragma_update(None, "user_version", 99).unwrap();
        let refused = to_newest(&mut db).unwrap_err().to_string();
        assert!(refused.contains("99"), "{refused}");
        assert_eq!(version(&db), 99);
    }

    #[test]
    fn another_programs_database_is_refused_and_left_as_it_is() {
        let mut db = Db::open_in_memory().unwrap();
        db.execute_batch("CREATE TABLE notes (text TEXT)").unwrap();
        assert!(matches!(to_newest(&mut db), Err(StoreError::Corrupt(_))));
        db.pragma_update(None, "user_version", 1).unwrap();
        assert!(matches!(to_newest(&mut db), Err(StoreError::Corrupt(_))));
        let tables: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).unwrap();
        assert_eq!(tables, 1);
    }
}
