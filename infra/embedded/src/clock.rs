//! Where the engines read the time: the machine's clock, or one that a test moves by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::Notify;

/// The time source of an engine, in milliseconds since the Unix epoch.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The machine's clock.
    #[default]
    System,
    /// A clock that stands still until it is moved; long polls wake when it is.
    Manual(ManualClock),
}

impl Clock {
    /// Reads the time in milliseconds since the Unix epoch.
    pub fn now_ms(&self) -> i64 {
        match self {
            Self::System => system_now_ms(),
            Self::Manual(clock) => clock.now_ms(),
        }
    }

    /// Waits until the clock shows `due_ms`.
    pub(crate) async fn sleep_until(&self, due_ms: i64) {
        match self {
            Self::System => {
                let left = due_ms.saturating_sub(system_now_ms());
                tokio::time::sleep(Duration::from_millis(u64::try_from(left).unwrap_or(0))).await;
            }
            Self::Manual(clock) => clock.reached(due_ms).await,
        }
    }
}

impl From<ManualClock> for Clock {
    fn from(clock: ManualClock) -> Self {
        Self::Manual(clock)
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place where the engines read the clock")]
fn system_now_ms() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}

/// A clock that only its owner moves; clones show the same time.
///
/// A long poll on it ends when a message comes or the clock is moved past its wait, never by itself.
#[derive(Clone, Debug)]
pub struct ManualClock {
    state: Arc<ManualState>,
}

#[derive(Debug)]
struct ManualState {
    now_ms: AtomicI64,
    moved: Notify,
}

impl ManualClock {
    /// Creates a clock that shows `now_ms` milliseconds since the Unix epoch.
    pub fn new(now_ms: i64) -> Self {
        let state = ManualState { now_ms: AtomicI64::new(now_ms), moved: Notify::new() };
        Self { state: Arc::new(state) }
    }

    /// Reads the time in milliseconds since the Unix epoch.
    pub fn now_ms(&self) -> i64 {
        self.state.now_ms.load(Ordering::SeqCst)
    }

    /// Sets the time to `now_ms` and wakes whoever waits for it.
    pub fn set_ms(&self, now_ms: i64) {
        self.state.now_ms.store(now_ms, Ordering::SeqCst);
        self.state.moved.notify_waiters();
    }

    /// Moves the time forward by `step` and wakes whoever waits for it.
    pub fn advance(&self, step: Duration) {
        let step_ms = i64::try_from(step.as_millis()).unwrap_or(i64::MAX);
        self.state.now_ms.fetch_add(step_ms, Ordering::SeqCst);
        self.state.moved.notify_waiters();
    }

    async fn reached(&self, due_ms: i64) {
        loop {
            let moved = self.state.moved.notified();
            tokio::pin!(moved);
            // Registered before the look, so that a move between the two is not missed.
            moved.as_mut().enable();
            if self.now_ms() >= due_ms {
                return;
            }
            moved.await;
        }
    }
}

impl dynoxide::storage_backend::Clock for ManualClock {
    fn now_unix_secs(&self) -> u64 {
        Duration::from_millis(u64::try_from(self.now_ms()).unwrap_or(0)).as_secs()
    }

    fn now_unix_secs_f64(&self) -> f64 {
        Duration::from_millis(u64::try_from(self.now_ms()).unwrap_or(0)).as_secs_f64()
    }
}
