//! Deliveries: one event for one endpoint, with the exact bytes that every attempt sends.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::callback::{EndpointId, Event};
use crate::id::{DeliveryId, WorkspaceId};

mod attempt;
mod breakers;
mod cancel_waiting;
mod job;
mod note_health;
mod replay;
mod schedule;
mod send;

pub(crate) use attempt::schedule;
pub use attempt::{DeliverySettings, Outcome, attempt};
pub use breakers::KnownBreakers;
pub(crate) use cancel_waiting::cancel_waiting;
pub use job::job_of;
use note_health::note_health;
pub use replay::{find, replay};
pub use schedule::{RetrySchedule, next_wait_ms};

/// One event on its way to one endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its id; the same on every attempt and replay.
    pub id: DeliveryId,
    /// Where it goes.
    pub endpoint: EndpointId,
    /// The event.
    pub event: Event,
    /// The integrator's conversation id (ours where there is none); `None` for account events.
    pub conversation: Option<String>,
    /// The body, byte for byte.
    pub payload: String,
    /// The endpoint when the event arose, without its query.
    pub url: String,
    /// How it stands.
    pub status: DeliveryStatus,
    /// Every attempt, oldest first (the newest [`MAX_ATTEMPTS_KEPT`]).
    pub attempts: Vec<Attempt>,
    /// Automatic attempts made; they are what the retry schedule counts.
    pub automatic_attempts: u32,
    /// When the next attempt is due.
    pub next_attempt_at: Option<Timestamp>,
    /// When the event arose.
    pub created_at: Timestamp,
    /// The trigger of the attempt that is due.
    pub trigger: Trigger,
}

/// Attempts kept in the log of one delivery.
pub const MAX_ATTEMPTS_KEPT: usize = 30;

/// Bytes kept of an endpoint's answer: 1 KiB.
pub const RESPONSE_SAMPLE_BYTES: usize = 1_024;

impl Delivery {
    /// The workspace it belongs to.
    pub fn workspace(&self) -> WorkspaceId {
        self.endpoint.workspace()
    }
}

/// How a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// An attempt is due.
    Pending,
    /// An attempt got a 2xx.
    Delivered,
    /// Every attempt failed.
    GivenUp,
    /// The endpoint was disabled; it waits for a replay.
    Skipped,
    /// The endpoint was deleted.
    Cancelled,
}

impl DeliveryStatus {
    /// Every status.
    pub const ALL: [Self; 5] =
        [Self::Pending, Self::Delivered, Self::GivenUp, Self::Skipped, Self::Cancelled];

    /// The status on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::GivenUp => "given_up",
            Self::Skipped => "skipped",
            Self::Cancelled => "cancelled",
        }
    }

    /// The status with this name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

/// What set an attempt off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trigger {
    /// The event, or the retry schedule.
    #[default]
    Auto,
    /// An operator.
    Replay,
    /// Send test.
    Test,
}

impl Trigger {
    /// The trigger on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Replay => "replay",
            Self::Test => "test",
        }
    }
}

/// One attempt, as it is logged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// When it began.
    pub at: Timestamp,
    /// What set it off.
    pub trigger: Trigger,
    /// The status the endpoint answered.
    pub status_code: Option<u16>,
    /// How long it took, in milliseconds.
    pub latency_ms: u64,
    /// What went wrong, in a word or two the integrator may read.
    pub error: Option<String>,
    /// The first [`RESPONSE_SAMPLE_BYTES`] of the answer, as text.
    pub response_body: Option<String>,
}

/// The filters of the delivery log; `None` is any.
#[derive(Debug, Clone, Copy, Default)]
pub struct DeliveryFilter {
    /// Only these.
    pub status: Option<DeliveryStatus>,
    /// Only this event.
    pub event: Option<Event>,
    /// Only this endpoint's.
    pub endpoint: Option<EndpointId>,
}

/// A delivery that a worker has claimed.
#[derive(Debug, Clone)]
pub struct ClaimedDelivery {
    /// The delivery.
    pub delivery: Delivery,
    /// The fencing token: only its holder may record the outcome.
    pub fence: u64,
}

/// What came of an attempt to claim a delivery.
#[derive(Debug, Clone)]
pub enum DeliveryClaim {
    /// The caller holds the lease.
    Yes(Box<ClaimedDelivery>),
    /// Not yet due, or another worker has it; `at` says when to look again.
    NotYet {
        /// When to look again.
        at: Timestamp,
    },
    /// It is closed.
    Closed,
}

/// What a worker writes after an attempt.
#[derive(Debug, Clone)]
pub struct DeliveryUpdate {
    /// The attempt, unless none was made (endpoint disabled or deleted).
    pub attempt: Option<Attempt>,
    /// How the delivery stands now.
    pub status: DeliveryStatus,
    /// When the next attempt is due (pending only).
    pub next_attempt_at: Option<Timestamp>,
    /// When the sweep may take it that the queue lost it (pending only).
    pub due: Option<Timestamp>,
}
