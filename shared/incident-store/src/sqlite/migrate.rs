//! From any older version of the tables to this one: one transaction for each step.

use rusqlite::{Connection as Db, TransactionBehavior};

use crate::StoreError;

/// `MIGRATIONS[n]` leads from version `n` to `n + 1`. One that has been released never changes.
const MIGRATIONS: [&str; 1] = [include_str!("migrations/1.sql")];

/// "SOCA": tells our files from other programs'; <https://sqlite.org/pragma.html#pragma_application_id>
const APPLICATION_ID: i64 = 0x534F_4341;

pub(super) fn to_newest(db: &mut Db) -> Result<(), StoreError> {
    apply(db, &MIGRATIONS)
}

fn apply(db: &mut Db, migrations: &[&str]) -> Result<(), StoreError> {
    while apply_next(db, migrations)? {}
    Ok(())
}

/// Takes one step, if there is one to take.
fn apply_next(db: &mut Db, migrations: &[&str]) -> Result<bool, StoreError> {
    if missing(db, migrations)?.is_none() {
        return Ok(false);
    }
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have taken it meanwhile.
    let Some((to_version, sql)) = missing(&tx, migrations)? else { return Ok(false) };
    tx.execute_batch(sql)?;
    tx.pragma_update(None, "application_id", APPLICATION_ID)?;
    tx.pragma_update(None, "user_version", super::row::signed(to_version))?;
    tx.commit()?;
    Ok(true)
}

/// The next step: the version it leads to, and its statements.
fn missing<'a>(db: &Db, migrations: &[&'a str]) -> Result<Option<(usize, &'a str)>, StoreError> {
    let number = |pragma: &str| db.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let version = number("user_version")?;
    let objects: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let empty = version == 0 && objects == 0;
    if !empty && number("application_id")? != APPLICATION_ID {
        return Err(StoreError::Corrupt("the file is another program's database".into()));
    }
    match usize::try_from(version) {
        Ok(version) if version <= migrations.len() => {
            Ok(migrations.get(version).map(|sql| (version + 1, *sql)))
        }
        _ => Err(StoreError::Corrupt(format!(
            "its version is {version}, this program reads up to {}",
            migrations.len()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(db: &Db) -> i64 {
        db.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
    }

    /// Versions that are still to come.
    const LATER: [&str; 3] = [
        "CREATE TABLE notes (text TEXT)",
        "ALTER TABLE notes ADD COLUMN author TEXT",
        "UPDATE notes SET author = 'somebody'",
    ];

    #[test]
    fn each_step_is_taken_once_from_whatever_version_it_is() {
        for begun in 1..=LATER.len() {
            let mut db = Db::open_in_memory().unwrap();
            apply(&mut db, &LATER[..begun]).unwrap();
            assert_eq!(version(&db), i64::try_from(begun).unwrap());
            db.execute("INSERT INTO notes (text) VALUES ('kept')", []).unwrap();
            apply(&mut db, &LATER).unwrap();
            assert_eq!(version(&db), 3);
            let note = db.query_row("SELECT text, author FROM notes", [], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?))
            });
            let author = (begun < LATER.len()).then(|| "somebody".to_owned());
            assert_eq!(note.unwrap(), ("kept".to_owned(), author));
        }
    }

    #[test]
    fn a_step_that_fails_leaves_the_version_before_it() {
        let mut db = Db::open_in_memory().unwrap();
        let broken = [LATER[0], "INSERT INTO notes VALUES ('half'); INSERT INTO nowhere VALUES (1)"];
        assert!(apply(&mut db, &broken).is_err());
        assert_eq!(version(&db), 1);
        let notes: i64 = db.query_row("SELECT count(*) FROM notes", [], |row| row.get(0)).unwrap();
        assert_eq!(notes, 0);
        apply(&mut db, &LATER).unwrap();
        assert_eq!(version(&db), 3);
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
