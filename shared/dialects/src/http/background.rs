//! Work that no answer waits for: bounded, and awaited before the process stops.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Tasks in flight at most; beyond that they are dropped.
const MAX_IN_FLIGHT: usize = 1_000;

#[derive(Debug)]
pub(super) struct Background {
    tasks: TaskTracker,
    end: CancellationToken,
    room: Arc<Semaphore>,
}

impl Background {
    pub(super) fn new() -> Self {
        let tasks = TaskTracker::new();
        // A closed tracker still takes tasks; it only lets `wait` end when there are none.
        tasks.close();
        let room = Arc::new(Semaphore::new(MAX_IN_FLIGHT));
        Self { tasks, end: CancellationToken::new(), room }
    }

    /// Runs a task beside the answers; `false` when there is no room for it.
    pub(super) fn run(&self, task: impl Future<Output = ()> + Send + 'static) -> bool {
        let Ok(place) = Arc::clone(&self.room).try_acquire_owned() else { return false };
        let end = self.end.clone();
        self.tasks.spawn(async move {
            end.run_until_cancelled(task).await;
            drop(place);
        });
        true
    }

    pub(super) async fn drain(&self) {
        self.tasks.wait().await;
    }

    pub(super) async fn abandon(&self) {
        self.end.cancel();
        self.tasks.wait().await;
    }
}
