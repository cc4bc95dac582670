//! The one thread on which SQLite runs: its calls block, and a connection serves one call at a time.

use std::sync::mpsc;

use rusqlite::Connection as Db;
use tokio::sync::oneshot;

use crate::StoreError;

type Job = Box<dyn FnOnce(&mut Db) + Send>;

/// Hands work to the thread. The thread ends, and closes the database, with the last clone.
#[derive(Clone, Debug)]
pub(super) struct Worker {
    jobs: mpsc::Sender<Job>,
}

impl Worker {
    pub(super) fn start(mut db: Db) -> Result<Self, StoreError> {
        let (jobs, queue) = mpsc::channel::<Job>();
        let serve = move || queue.into_iter().for_each(|job| job(&mut db));
        std::thread::Builder::new()
            .name("incident-store".into())
            .spawn(serve)
            .map_err(|error| StoreError::Unavailable(format!("no thread for it: {}", error.kind())))?;
        Ok(Self { jobs })
    }

    /// Runs `job` after all that was asked for before it. Dropping the future takes a job that has not
    /// begun out of the queue; one that has begun is finished.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Db) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let ended = || StoreError::Unavailable("its thread has ended".into());
        let (reply, answer) = oneshot::channel();
        let job = move |db: &mut Db| {
            if !reply.is_closed() {
                // Nobody may be waiting any more; what was done stays done.
                let _ = reply.send(job(db));
            }
        };
        self.jobs.send(Box::new(job)).map_err(|_| ended())?;
        answer.await.map_err(|_| ended())?
    }
}
