//! Recoveries: events that an endpoint missed are sent again, at a pace.

use jiff::Timestamp;

use crate::callback::{EndpointId, Event};
use crate::delivery::{Delivery, DeliveryStatus};
use crate::id::{RecoveryId, WorkspaceId};

mod count;
mod start;
mod turn;

pub use count::{Missed, count};
pub use start::{RecoverCommand, find, start};
pub(crate) use turn::turns;

/// Which events are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// From this moment on.
    pub since: Timestamp,
    /// Up to this moment.
    pub until: Timestamp,
    /// Only this endpoint's.
    pub endpoint: Option<EndpointId>,
}

/// One recovery and how far it has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// Its id.
    pub id: RecoveryId,
    /// The workspace.
    pub workspace: WorkspaceId,
    /// Which events.
    pub window: Window,
    /// Attempts a second, at most.
    pub rate: u32,
    /// Events that were missed when it began, as far as they were counted.
    pub missed: Missed,
    /// Events made due again so far.
    pub reopened: u64,
    /// Events left as they are, because their endpoint is disabled or gone.
    pub left: u64,
    /// The last delivery that was looked at.
    pub position: Option<String>,
    /// When the next event is due.
    pub next_slot: Timestamp,
    /// Whether it has come to the end.
    pub is_done: bool,
    /// Counts its steps.
    pub version: u64,
    /// When it began.
    pub created_at: Timestamp,
}

/// A delivery in the window of a recovery.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The delivery.
    pub delivery: Delivery,
    /// The recovery that made it due again last.
    pub recovered_by: Option<RecoveryId>,
}

impl Candidate {
    /// Whether its endpoint missed it: it was kept while the endpoint was disabled, or every attempt
    /// failed. A test is not an event.
    pub fn is_missed(&self) -> bool {
        matches!(self.delivery.status, DeliveryStatus::Skipped | DeliveryStatus::GivenUp)
            && self.delivery.event != Event::TestPing
    }
}
