//! Groups, and whose they are. Two items tell of a group: its own, which says the owner, and one in the owner's list. A
//! transaction writes both.

use super::DynamoStore;
use super::calls::Asked;
use super::change::Change;
use super::item::{of_text, text};
use super::keys::{self, Key};
use crate::{GroupId, StoreError};

pub(super) async fn of_owner(store: &DynamoStore, owner: &str) -> Result<Vec<GroupId>, StoreError> {
    let asked = Asked { partition: keys::owned_by(owner), consistent: true, ..Asked::default() };
    let mut groups = Vec::new();
    for item in store.query(&asked).await? {
        // The key may be a digest of the owner; this is the owner.
        if text(&item, "owner")? == owner {
            groups.push(GroupId::from(text(&item, "group")?));
        }
    }
    groups.sort_unstable();
    Ok(groups)
}

pub(super) async fn home(store: &DynamoStore, owner: &str, new: GroupId) -> Result<GroupId, StoreError> {
    let place = keys::home(owner);
    if let Some(item) = store.get(&place).await? {
        return Ok(text(&item, "group")?.into());
    }
    let absent = || Change::when("attribute_not_exists(#pk)");
    let writes = vec![
        absent().put(&store.table, listed(&place, owner, &new))?,
        absent().put(&store.table, own_item(&new, owner, &place))?,
    ];
    if store.transact(writes).await? {
        return Ok(new);
    }
    // Another request has made it meanwhile.
    let item = store.get(&place).await?;
    let item = item.ok_or_else(|| StoreError::Unavailable("the group has just been moved".to_owned()))?;
    Ok(text(&item, "group")?.into())
}

pub(super) async fn owner(store: &DynamoStore, group: &GroupId) -> Result<Option<String>, StoreError> {
    let item = store.get(&keys::group(group)).await?;
    item.map(|item| Ok(text(&item, "owner")?.to_owned())).transpose()
}

pub(super) async fn move_to(
    store: &DynamoStore,
    group: &GroupId,
    from: &str,
    to: &str,
) -> Result<(), StoreError> {
    let own = keys::group(group);
    let item = store.get(&own).await?.ok_or(StoreError::Gone)?;
    if text(&item, "owner")? != from {
        return Err(StoreError::Stale);
    }
    if from == to {
        return Ok(());
    }
    let before = Key { pk: keys::owned_by(from), sk: text(&item, "place")?.to_owned() };
    let after = keys::moved(to, group);
    let moved = Change::when("#owner = :from AND #place = :before")
        .value("from", of_text(from))
        .value("before", of_text(&before.sk))
        .set("owner", of_text(to))
        .set("place", of_text(&after.sk));
    let writes = vec![
        moved.update(&store.table, &own)?,
        Change::default().delete(&store.table, &before)?,
        Change::default().put(&store.table, listed(&after, to, group))?,
    ];
    if store.transact(writes).await? { Ok(()) } else { Err(StoreError::Stale) }
}

/// The group's own item. `place` is the sort key of its item in the owner's list.
fn own_item(group: &GroupId, owner: &str, place: &Key) -> super::item::Item {
    let mut item = keys::group(group).item();
    item.insert("owner".to_owned(), of_text(owner));
    item.insert("place".to_owned(), of_text(&place.sk));
    item
}

/// The group's item in the owner's list.
fn listed(place: &Key, owner: &str, group: &GroupId) -> super::item::Item {
    let mut item = place.item();
    item.insert("owner".to_owned(), of_text(owner));
    item.insert("group".to_owned(), of_text(group.as_str()));
    item
}
