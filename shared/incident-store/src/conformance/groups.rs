//! What is promised of groups.

use super::samples::{at, connected, id, settings};
use crate::{ConnectionId, Connections, GroupId, Groups, Lifecycle, NewConnection, StoreError};

fn group(number: u8) -> GroupId {
    GroupId::new(at(number.into()), [number; 10])
}

async fn home<S: Groups>(store: &S, owner: &str, number: u8) -> GroupId {
    store.home(owner, group(number)).await.expect("an owner has a home")
}

async fn groups<S: Groups>(store: &S, owner: &str) -> Vec<GroupId> {
    store.groups(owner).await.expect("groups are listed")
}

pub(super) async fn an_owner_has_one_home<S: Groups>(store: &S) {
    assert_eq!(groups(store, "a").await, [], "nobody has a group before it is asked for");
    assert_eq!(home(store, "a", 1).await, group(1), "the home is made under the id that it was given");
    assert_eq!(home(store, "a", 2).await, group(1), "and once only");
    assert_eq!(home(store, "b", 3).await, group(3), "each owner has its own");
    assert_eq!(groups(store, "a").await, [group(1)]);
    assert_eq!(groups(store, "b").await, [group(3)]);
    // One owner's name begins as the other's does, and one has what keys are made of.
    for owner in ["a#GROUP", "aa", "A", " a", "ünï #1", &"long".repeat(100)] {
        assert_eq!(groups(store, owner).await, [], "{owner}");
    }
    let owner = |group| async move { store.owner(&group).await.expect("an owner is read") };
    assert_eq!(owner(group(1)).await.as_deref(), Some("a"));
    assert_eq!(owner(group(9)).await, None, "an unknown group is nobody's");
}

pub(super) async fn of_homes_made_at_once_there_is_one<S: Groups>(store: &S) {
    let at_once = (1..=8).map(|number| home(store, "a", number));
    let homes = futures_util::future::join_all(at_once).await;
    assert!(homes.iter().all(|home| *home == homes[0]), "all get the same one: {homes:?}");
    assert_eq!(groups(store, "a").await, homes[..1]);
}

/// Enters connection `number` for the group.
async fn entered<S: Connections>(store: &S, number: u8, group: &GroupId) -> ConnectionId {
    let settings = NewConnection { group: group.clone(), ..settings(number) };
    let created = store.create(id(number), settings, Lifecycle::Connected, at(number.into())).await;
    created.expect("a connection is created").id
}

pub(super) async fn a_move_takes_all_that_belongs_to_a_group<S: Groups + Connections>(store: &S) {
    let (moved, theirs) = (home(store, "old", 1).await, home(store, "other", 2).await);
    for number in 1..=3 {
        entered(store, number, &moved).await;
    }
    entered(store, 4, &theirs).await;
    connected(store, 5).await;
    let before = store.connections(None).await.expect("connections are listed");
    store.move_to(&moved, "old", "new").await.expect("a group is moved");

    assert_eq!(groups(store, "old").await, [], "who has given it has it no more");
    assert_eq!(groups(store, "new").await, slice(&moved));
    assert_eq!(store.owner(&moved).await.expect("an owner is read").as_deref(), Some("new"));
    assert_eq!(groups(store, "other").await, slice(&theirs), "nobody else's is moved");
    let after = store.connections(None).await.expect("connections are listed");
    assert_eq!(after, before, "connections stay as they are: none is due, or of another version, for it");
    let listed = store.connections(Some(&moved)).await.expect("connections are listed");
    assert_eq!(listed.len(), 3, "what belongs to the group belongs to it afterwards");
}

pub(super) async fn a_moved_group_is_no_home<S: Groups + Connections>(store: &S) {
    let moved = home(store, "old", 1).await;
    store.move_to(&moved, "old", "new").await.expect("a group is moved");
    assert_eq!(home(store, "new", 2).await, group(2), "what the new owner enters is the new owner's");
    assert_eq!(home(store, "old", 3).await, group(3), "the old owner may enter again");
    assert_eq!(groups(store, "new").await, [moved.clone(), group(2)]);
    // And a home may be moved to an owner who has one.
    store.move_to(&group(3), "old", "new").await.expect("a group is moved");
    assert_eq!(groups(store, "new").await, [moved.clone(), group(2), group(3)]);
    // And back.
    store.move_to(&moved, "new", "old").await.expect("a group is moved");
    assert_eq!(groups(store, "old").await, slice(&moved));
    assert_eq!(home(store, "new", 9).await, group(2), "the home has stayed");
}

pub(super) async fn only_an_owner_s_group_is_moved<S: Groups>(store: &S) {
    let own = home(store, "a", 1).await;
    let refused = store.move_to(&own, "b", "c").await;
    assert!(matches!(refused, Err(StoreError::Stale)), "somebody else's is not given away: {refused:?}");
    let refused = store.move_to(&group(9), "a", "b").await;
    assert!(matches!(refused, Err(StoreError::Gone)), "there is no such group: {refused:?}");
    store.move_to(&own, "a", "a").await.expect("to move it nowhere is no error");
    assert_eq!(home(store, "a", 2).await, own, "and changes nothing");
    assert_eq!(groups(store, "a").await, slice(&own));
    let moves = ["b", "c"].map(|to| store.move_to(&own, "a", to));
    let moves = futures_util::future::join_all(moves).await;
    assert_eq!(
        moves.iter().filter(|moved| moved.is_ok()).count(),
        1,
        "of two at once one is made: {moves:?}"
    );
    let owners = [groups(store, "a").await, groups(store, "b").await, groups(store, "c").await];
    assert_eq!(owners.iter().map(Vec::len).sum::<usize>(), 1, "and the group is one owner's: {owners:?}");
}

fn slice(group: &GroupId) -> &[GroupId] {
    std::slice::from_ref(group)
}
