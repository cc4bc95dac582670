//! Stores: a fast one in memory, and what is put around it or around SQLite.

mod blocking;
mod faulty;
mod model;
mod watched;

pub use blocking::Blocking;
pub use faulty::{Faulty, Misfortunes, Rates};
pub use model::{Flaw, ModelStore};
pub use watched::Watched;

/// Passes the admin's side of the store on to `self.inner`.
macro_rules! pass_connections {
    ($wrapper:ident) => {
        impl<S: incident_store::Connections> incident_store::Connections for $wrapper<S> {
            async fn create(
                &self,
                id: incident_store::ConnectionId,
                settings: incident_store::NewConnection,
                lifecycle: incident_store::Lifecycle,
                now: jiff::Timestamp,
            ) -> Result<incident_store::Connection, incident_store::StoreError> {
                self.through(self.inner.create(id, settings, lifecycle, now)).await
            }

            async fn connection(
                &self,
                id: incident_store::ConnectionId,
            ) -> Result<Option<incident_store::Connection>, incident_store::StoreError> {
                self.through(self.inner.connection(id)).await
            }

            async fn connections(
                &self,
                group: Option<&incident_store::GroupId>,
            ) -> Result<Vec<incident_store::Connection>, incident_store::StoreError> {
                self.through(self.inner.connections(group)).await
            }

            async fn update(
                &self,
                connection: &incident_store::Connection,
            ) -> Result<incident_store::Connection, incident_store::StoreError> {
                self.through(self.inner.update(connection)).await
            }

            async fn remove(
                &self,
                id: incident_store::ConnectionId,
                records: incident_store::Records,
            ) -> Result<(), incident_store::StoreError> {
                self.through(self.inner.remove(id, records)).await
            }

            async fn due(
                &self,
                now: jiff::Timestamp,
                limit: usize,
            ) -> Result<incident_store::Found<incident_store::Due>, incident_store::StoreError> {
                self.through(self.inner.due(now, limit)).await
            }

            async fn unfinished(
                &self,
                before: jiff::Timestamp,
                limit: usize,
            ) -> Result<incident_store::Found<incident_store::Connection>, incident_store::StoreError> {
                self.through(self.inner.unfinished(before, limit)).await
            }
        }
    };
}
pub(crate) use pass_connections;
