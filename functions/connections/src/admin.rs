//! The ports, and what every operation does with them: whose connection it is, and what a test is.

use std::pin::Pin;

use futures_util::{StreamExt as _, TryStreamExt as _};
use graph_http::Transport;
use http_api::{Attempts, Caller, Limits};
use incident_store::{
    Capabilities, Connection, ConnectionId, Connections, GroupId, Groups, Lifecycle, SyncStore,
};
use jiff::Timestamp;
use test_connection::{Subject, TestReport, Tester, audited};

use crate::{ConnectionView, Expected, Page, Refusal};

/// How many connections' progress is read at a time.
const PARALLEL: usize = 16;

/// A connection that others keep changing is given up on after so many looks at it.
pub(crate) const LOOKS: usize = 5;

/// Enters, lists, changes and removes connections. An owner is whoever the caller says: nobody's operation
/// reaches, or tells of, another's connections.
#[derive(Debug)]
pub struct Admin<S, V, A, T> {
    /// The connections and how they are doing.
    pub store: S,
    /// Their secrets.
    pub vault: V,
    /// How often somebody has tested.
    pub attempts: A,
    /// How often somebody may.
    pub limits: Limits,
    /// Tests them; its clock is ours.
    pub tester: Tester<T>,
}

/// A connection that was tested and written.
#[derive(Clone, Debug)]
pub struct Tested {
    /// As it is now.
    pub connection: Connection,
    /// What the test found.
    pub report: TestReport,
}

impl<S: Connections + Groups + SyncStore, V: Send + Sync, A: Attempts, T: Transport> Admin<S, V, A, T> {
    /// Some of `caller`'s connections: at most `limit`, those after `after`.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn list(
        &self,
        caller: &Caller,
        after: Option<ConnectionId>,
        limit: usize,
    ) -> Result<Page, Refusal> {
        // One more than wanted tells whether there is another page. An id sorts by the time it was made.
        let wanted = limit.saturating_add(1);
        let mut some = Vec::new();
        for group in self.store.groups(&caller.owner).await? {
            some.extend(self.of_group_after(&group, after, wanted).await?);
        }
        some.sort_unstable_by_key(|connection| connection.id);
        let is_more = some.len() > limit;
        some.truncate(limit);
        let next = some.last().filter(|_| is_more).map(|last| last.id);
        let views = some.into_iter().map(|connection| self.view(connection));
        let connections = futures_util::stream::iter(views).buffered(PARALLEL).try_collect().await?;
        Ok(Page { connections, next })
    }

    /// So many of a group's connections after the id `after`, without those that are being removed.
    async fn of_group_after(
        &self,
        group: &GroupId,
        mut after: Option<ConnectionId>,
        wanted: usize,
    ) -> Result<Vec<Connection>, Refusal> {
        let mut some = Vec::new();
        while some.len() < wanted {
            let read = self.store.connections_after(group, after, wanted - some.len()).await?;
            let Some(last) = read.last() else { break };
            after = Some(last.id);
            some.extend(read.into_iter().filter(|connection| connection.lifecycle != Lifecycle::Removing));
        }
        Ok(some)
    }

    /// One of `caller`'s connections.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], or when the store cannot answer.
    pub async fn get(&self, caller: &Caller, id: ConnectionId) -> Result<ConnectionView, Refusal> {
        self.view(self.owned(caller, id).await?).await
    }

    /// `connection` with how it is doing.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn view(&self, connection: Connection) -> Result<ConnectionView, Refusal> {
        let progress = self.store.progress(connection.id).await?;
        Ok(ConnectionView::of(connection, &progress, self.now()))
    }

    /// Makes one test, counted and written down. Nothing of it is done before it is counted. It is on the heap, because its future has some 20 KB and would stand
    /// in each caller's.
    pub(crate) async fn audited(
        &self,
        subject: Subject<'_>,
        test: Pin<Box<impl Future<Output = Result<TestReport, Refusal>> + Send>>,
    ) -> Result<TestReport, Refusal> {
        audited(&self.attempts, &self.limits, subject, self.now(), test).await
    }

    /// All of `caller`'s connections, those that are being removed, too.
    pub(crate) async fn of_caller(&self, caller: &Caller) -> Result<Vec<Connection>, Refusal> {
        let mut all = Vec::new();
        for group in self.store.groups(&caller.owner).await? {
            all.extend(self.store.connections(Some(&group)).await?);
        }
        Ok(all)
    }

    /// One of `caller`'s connections, whatever its lifecycle. Of somebody else's the store is asked what it is asked of one
    /// that never was.
    pub(crate) async fn there(&self, caller: &Caller, id: ConnectionId) -> Result<Connection, Refusal> {
        let (connection, groups) =
            (self.store.connection(id).await?, self.store.groups(&caller.owner).await?);
        connection.filter(|there| groups.contains(&there.settings.group)).ok_or(Refusal::NotFound)
    }

    /// One of `caller`'s connections; one that is being removed is none any more.
    pub(crate) async fn owned(&self, caller: &Caller, id: ConnectionId) -> Result<Connection, Refusal> {
        match self.there(caller, id).await? {
            connection if connection.lifecycle == Lifecycle::Removing => Err(Refusal::NotFound),
            connection => Ok(connection),
        }
    }

    /// The same, saved as a whole and as the caller knows it.
    pub(crate) async fn finished(
        &self,
        caller: &Caller,
        id: ConnectionId,
        expected: &Expected,
    ) -> Result<Connection, Refusal> {
        let connection = self.owned(caller, id).await?;
        expected.check(&connection)?;
        match connection.lifecycle {
            Lifecycle::Pending => Err(Refusal::Unfinished),
            _ => Ok(connection),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.tester.clock.now()
    }
}

/// What the report adds to what was known.
pub(crate) fn merged(known: Capabilities, report: &TestReport) -> Capabilities {
    Capabilities {
        write_back: report.capabilities.write_back.or(known.write_back),
        custom_detections: report.capabilities.custom_detections.or(known.custom_detections),
    }
}
