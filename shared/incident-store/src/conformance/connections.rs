//! What an admin is promised.

use graph_auth::{Cloud, PrivateHosts, TestOrigin};

use super::samples::{at, connected, due, id, settings};
use crate::{Capabilities, Connection, Connections, Lifecycle, NewConnection, Records, StoreError};

pub(super) async fn what_is_created_is_read_back<S: Connections>(store: &S) {
    let origin = TestOrigin::parse("http://127.0.0.1:4711", PrivateHosts::Refused).expect("an origin");
    let variants = [
        settings(1),
        NewConnection { cloud: Cloud::GccHigh, name: None, ..settings(2) },
        NewConnection { cloud: Cloud::Dod, secret_expires: None, ..settings(3) },
        NewConnection { cloud: Cloud::Simulated(origin), group: "another".into(), ..settings(4) },
    ];
    let mut all = Vec::new();
    for (number, settings) in (1..).zip(variants) {
        let created = store.create(id(number), settings.clone(), Lifecycle::Pending, at(number.into())).await;
        let created = created.expect("a new connection is created");
        let expected = Connection {
            version: created.version,
            ..Connection::new(id(number), settings, Lifecycle::Pending, at(number.into()))
        };
        assert_eq!(created, expected, "what is created is what was entered");
        let read = store.connection(id(number)).await.expect("a connection is read");
        assert_eq!(read, Some(expected), "what is read is what was created");
        all.push(created);
    }
    assert_eq!(store.connection(id(9)).await.expect("no error"), None, "an unknown id is no connection");
    let listed = store.connections(None).await.expect("connections are listed");
    assert_eq!(listed, all, "all connections are listed, oldest first");
    let grouped = store.connections(Some(&"another".into())).await.expect("connections are listed");
    assert_eq!(grouped, all[3..], "a group's connections are listed, and no other's");
    assert_eq!(
        store.connections(Some(&"none".into())).await.expect("no error"),
        [],
        "an unknown group has none"
    );
}

pub(super) async fn creating_again_is_harmless<S: Connections>(store: &S) {
    let first = connected(store, 1).await;
    let again = store.create(id(1), settings(1), Lifecycle::Connected, at(99)).await;
    assert_eq!(again.expect("a repeated request is no error"), first, "creating again changes nothing");
    let renamed = NewConnection { name: Some("other".into()), ..settings(1) };
    let other = store.create(id(1), renamed, Lifecycle::Connected, at(99)).await;
    assert!(matches!(other, Err(StoreError::Stale)), "an id is not given to other settings: {other:?}");
    let read = store.connection(id(1)).await.expect("no error");
    assert_eq!(read, Some(first), "a refused creation changes nothing");
}

pub(super) async fn one_connection_for_a_tenant_client_and_cloud<S: Connections>(store: &S) {
    connected(store, 1).await;
    let create = async |number, settings| {
        store.create(id(number), settings, Lifecycle::Pending, at(50)).await.map(|created| created.id)
    };
    let twice = create(2, NewConnection { name: None, ..settings(1) }).await;
    assert!(
        matches!(twice, Err(StoreError::Duplicate(first)) if first == id(1)),
        "a group's second connection for a tenant, client and cloud is refused, naming the first: {twice:?}"
    );
    let others = [
        NewConnection { group: "another".into(), ..settings(1) },
        NewConnection { cloud: Cloud::Dod, ..settings(1) },
        NewConnection { tenant_id: settings(9).tenant_id, ..settings(1) },
        NewConnection { client_id: settings(9).client_id, ..settings(1) },
    ];
    for (number, other) in (3..).zip(others) {
        create(number, other).await.expect("another group, cloud, tenant or client is no duplicate");
    }
    store.remove(id(1), Records::Remove).await.expect("it is removed");
    create(20, settings(1)).await.expect("a removed connection is nobody's duplicate");
    store.remove(id(20), Records::Keep).await.expect("it is removed");
    create(21, settings(1)).await.expect("a removed connection whose records stay is nobody's duplicate");
}

pub(super) async fn an_update_is_for_the_version_that_was_read<S: Connections>(store: &S) {
    let first = connected(store, 1).await;
    let mut change = first.clone();
    change.settings.name = Some("renamed".into());
    change.lifecycle = Lifecycle::Paused;
    change.capabilities = Capabilities { write_back: Some(true), custom_detections: Some(false) };
    change.records = Records::Keep;
    let second = store.update(&change).await.expect("the version that was read may be changed");
    assert!(second.version > first.version, "a change's version is greater");
    let expected = Connection { version: second.version, ..change.clone() };
    assert_eq!(second, expected, "an update writes what it was given");
    assert_eq!(
        store.connection(id(1)).await.expect("no error"),
        Some(second.clone()),
        "an update is read back"
    );

    let stale = store.update(&change).await;
    assert!(matches!(stale, Err(StoreError::Stale)), "an older version is refused: {stale:?}");
    let read = store.connection(id(1)).await.expect("no error");
    assert_eq!(read, Some(second.clone()), "a refused update changes nothing");

    let missing = store.update(&Connection { id: id(7), ..second.clone() }).await;
    assert!(matches!(missing, Err(StoreError::Gone)), "what does not exist is not updated: {missing:?}");

    let racing = second.clone();
    let (one, other) = tokio::join!(store.update(&second), store.update(&racing));
    let won = [&one, &other].iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(won, 1, "of two updates of one version one wins: {one:?}, {other:?}");
}

pub(super) async fn removal_is_final<S: Connections>(store: &S) {
    for (number, records) in [(1, Records::Remove), (2, Records::Keep)] {
        let connection = connected(store, number).await;
        store.remove(connection.id, records).await.expect("it is removed");
        let read = store.connection(connection.id).await.expect("no error");
        assert_eq!(read, None, "a removed connection is not there ({records:?})");
        let updated = store.update(&connection).await;
        assert!(matches!(updated, Err(StoreError::Gone)), "nor updated ({records:?}): {updated:?}");
        let again = store.remove(connection.id, records).await;
        assert!(matches!(again, Err(StoreError::Gone)), "nor removed twice ({records:?}): {again:?}");
        let late = store.create(connection.id, connection.settings, Lifecycle::Connected, at(5)).await;
        assert!(matches!(late, Err(StoreError::Gone)), "nor brought back ({records:?}): {late:?}");
    }
    assert_eq!(store.connections(None).await.expect("no error"), [], "removed ones are not listed");
    assert_eq!(due(store, at(999), 9).await, [], "removed ones are not due");
    let unknown = store.remove(id(7), Records::Remove).await;
    assert!(matches!(unknown, Err(StoreError::Gone)), "what does not exist is not removed: {unknown:?}");
}

pub(super) async fn a_group_s_list_is_read_page_by_page<S: Connections>(store: &S) {
    for number in [4, 2, 5, 1, 3] {
        connected(store, number).await;
    }
    let other = NewConnection { group: "another".into(), ..settings(6) };
    store.create(id(6), other, Lifecycle::Connected, at(0)).await.expect("it is created");
    let page = async |group: &str, after: Option<u8>, limit| {
        let page =
            store.connections_after(&group.into(), after.map(id), limit).await.expect("a page is answered");
        page.into_iter().map(|connection| connection.id).collect::<Vec<_>>()
    };
    assert_eq!(page("conformance", None, 2).await, [id(1), id(2)], "the first page");
    assert_eq!(page("conformance", Some(2), 2).await, [id(3), id(4)], "the page after that");
    assert_eq!(page("conformance", Some(4), 2).await, [id(5)], "the last one");
    assert_eq!(page("another", None, 9).await, [id(6)], "each group has its own");
    assert_eq!(page("nobody", None, 9).await, [], "and nobody has none");
    store.remove(id(2), Records::Remove).await.expect("it is removed");
    assert_eq!(page("conformance", Some(1), 2).await, [id(3), id(4)], "what was removed is not listed");
    assert_eq!(page("conformance", Some(2), 1).await, [id(3)], "a page may come after what was removed");
    let moved = store.connection(id(3)).await.expect("no error").expect("it is there");
    let settings = NewConnection { group: "another".into(), ..moved.settings.clone() };
    store.update(&Connection { settings, ..moved }).await.expect("it gets another owner");
    assert_eq!(page("conformance", None, 9).await, [id(1), id(4), id(5)], "what another owns is not listed");
    assert_eq!(page("another", None, 9).await, [id(3), id(6)], "but with its owner's");
}

pub(super) async fn the_longest_due_come_first<S: Connections>(store: &S) {
    // Created out of order; each is due from when it was created.
    for number in [3, 1, 4, 2] {
        connected(store, number).await;
    }
    for (number, lifecycle) in [(5, Lifecycle::Pending), (6, Lifecycle::Paused), (7, Lifecycle::Removing)] {
        store.create(id(number), settings(number), lifecycle, at(0)).await.expect("it is created");
    }
    let due = async |now, limit| due(store, at(now), limit).await;
    assert_eq!(due(0, 9).await, [], "nothing is due before its time");
    assert_eq!(due(1, 9).await, [id(1)], "what was just created is due at once");
    assert_eq!(due(3, 9).await, [id(1), id(2), id(3)], "connected ones are due, the longest due first");
    assert_eq!(due(99, 2).await, [id(1), id(2)], "a limit leaves the longest due");
    assert_eq!(due(99, 0).await, [], "a limit of none is none");
}

pub(super) async fn the_unfinished_are_found<S: Connections>(store: &S) {
    use Lifecycle::{Connected, Paused, Pending, Removing};
    for (number, lifecycle) in [(4, Pending), (2, Removing), (1, Connected), (3, Paused), (9, Pending)] {
        let created = store.create(id(number), settings(number), lifecycle, at(number.into())).await;
        created.expect("it is created");
    }
    let unfinished = async |before, limit| {
        let found = store.unfinished(at(before), limit).await.expect("what is unfinished is answered");
        assert_eq!(found.unreadable, [""; 0], "all can be read");
        found.these.into_iter().map(|connection| (connection.id, connection.lifecycle)).collect::<Vec<_>>()
    };
    assert_eq!(
        unfinished(9, 9).await,
        [(id(2), Removing), (id(4), Pending)],
        "what is pending or being removed, entered before the instant, is found, oldest first"
    );
    assert_eq!(unfinished(9, 1).await, [(id(2), Removing)], "a limit leaves the oldest");
    let pending = store.connection(id(4)).await.expect("no error").expect("it is there");
    store.update(&Connection { lifecycle: Connected, ..pending }).await.expect("it is connected");
    store.remove(id(2), Records::Keep).await.expect("it is removed");
    assert_eq!(unfinished(9, 9).await, [], "what is finished is not found any more");
}
