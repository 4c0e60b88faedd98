//! The `Idempotency-Key` header: one request under one key happens once, and is answered alike again.
//!
//! A claim carries a seed from which everything random of the request is made (ids, secrets). So a
//! request that died between its effect and its answer, and is repeated, does the very same again, and
//! the store finds it done.

use jiff::Timestamp;

use crate::id::{ProjectId, WorkspaceId};
use crate::message::Fingerprint;
use crate::text::IdempotencyKey;

mod begin;
mod end;
mod seeded;

pub use begin::{Attempt, Request, begin};
pub use end::{end_answered, end_failed};
pub use seeded::Seeded;

/// Where an idempotency key counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The workspace; [`NO_WORKSPACE`] for requests that stand above all of them.
    pub workspace: WorkspaceId,
    /// The project of the API key that sends the request: what another project's key was answered is none
    /// of its business. `None` for requests without an API key.
    pub project: Option<ProjectId>,
    /// The API that took the request, e.g. `operator`.
    pub api: &'static str,
    /// The key.
    pub key: IdempotencyKey,
}

/// Stands where a workspace is asked for and there is none.
pub const NO_WORKSPACE: WorkspaceId = WorkspaceId::from_uuid(uuid::Uuid::nil());

/// How what a claim keeps is written down: the seed of a request, and its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeping {
    /// Sealed: what is made from the seed, or the answer, may be a secret.
    Sealed,
    /// As it is: neither is, and the process needs no key ring.
    Open,
}

/// A claim to an idempotency key.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The key.
    pub place: Place,
    /// What is asked for under it.
    pub fingerprint: Fingerprint,
    /// Unique to this request.
    pub holder: String,
    /// The seed as it is kept, should this be the first claim.
    pub seed: String,
    /// Now; the request's own time, should this be the first claim.
    pub now: Timestamp,
    /// When the request counts as dead.
    pub lease_until: Timestamp,
    /// When the key may be used anew.
    pub expires_at: Timestamp,
}

/// What came of a [`Claim`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// The caller holds it; seed and moment are those of the first claim.
    Started {
        /// The seed as it is kept.
        seed: String,
        /// When the request was first made.
        at: Timestamp,
    },
    /// It was answered; this is the answer as it is kept.
    Replay(String),
    /// The key was used for another request.
    Reused,
    /// The same request is being worked on.
    InFlight,
}

/// How a claim ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// With an answer as it is kept, which stands until the claim expires.
    Answered(String),
    /// Without an outcome: the next may take over, with the same seed.
    Released,
    /// Refused before anything happened: the key is free again.
    Forgotten,
}
