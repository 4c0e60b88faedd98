//! Deliveries with their attempts.

use aiva_core::callback::Event;
use aiva_core::delivery::{Attempt, Delivery, DeliveryStatus, Trigger};
use aiva_core::error::{Error, Result};
use aiva_core::id::{DeliveryId, RecoveryId};
use serde::{Deserialize, Serialize};

use super::Millis;

/// A delivery: `k` is the endpoint, `e` the event, `x` the integrator's conversation id, `p` the payload
/// byte for byte, `w` where to, `at` the attempts, `n` the automatic ones, `nx` when the next is due,
/// `tr` what sets it off. A claim adds `lh`, `le` and `lu` (holder, epoch and end of the lease) and `f`
/// (the fence), a recovery `rc` (itself).
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::dynamo) struct DeliveryRow {
    id: DeliveryId,
    k: String,
    e: Event,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    x: Option<String>,
    p: String,
    w: String,
    pub(in crate::dynamo) st: DeliveryStatus,
    pub(in crate::dynamo) at: Vec<AttemptRow>,
    n: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::dynamo) nx: Option<Millis>,
    tr: Trigger,
    ca: Millis,
    #[serde(default, skip_serializing)]
    pub(in crate::dynamo) lh: Option<String>,
    #[serde(default, skip_serializing)]
    pub(in crate::dynamo) le: Option<u64>,
    #[serde(default, skip_serializing)]
    pub(in crate::dynamo) lu: Option<Millis>,
    #[serde(default, skip_serializing)]
    pub(in crate::dynamo) f: u64,
    #[serde(default, skip_serializing)]
    pub(in crate::dynamo) rc: Option<RecoveryId>,
}

/// An attempt: when, why, the status answered, how long it took, what went wrong, the answer's start.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::dynamo) struct AttemptRow {
    a: Millis,
    t: Trigger,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    s: Option<u16>,
    l: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    e: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    r: Option<String>,
}

impl From<&Attempt> for AttemptRow {
    fn from(attempt: &Attempt) -> Self {
        Self {
            a: attempt.at.into(),
            t: attempt.trigger,
            s: attempt.status_code,
            l: attempt.latency_ms,
            e: attempt.error.clone(),
            r: attempt.response_body.clone(),
        }
    }
}

impl TryFrom<AttemptRow> for Attempt {
    type Error = Error;

    fn try_from(row: AttemptRow) -> Result<Self> {
        Ok(Self {
            at: row.a.moment()?,
            trigger: row.t,
            status_code: row.s,
            latency_ms: row.l,
            error: row.e,
            response_body: row.r,
        })
    }
}

impl From<&Delivery> for DeliveryRow {
    fn from(delivery: &Delivery) -> Self {
        Self {
            id: delivery.id,
            k: delivery.endpoint.to_string(),
            e: delivery.event,
            x: delivery.conversation.clone(),
            p: delivery.payload.clone(),
            w: delivery.url.clone(),
            st: delivery.status,
            at: delivery.attempts.iter().map(AttemptRow::from).collect(),
            n: delivery.automatic_attempts,
            nx: delivery.next_attempt_at.map(Millis::from),
            tr: delivery.trigger,
            ca: delivery.created_at.into(),
            lh: None,
            le: None,
            lu: None,
            f: 0,
            rc: None,
        }
    }
}

impl TryFrom<DeliveryRow> for Delivery {
    type Error = Error;

    fn try_from(row: DeliveryRow) -> Result<Self> {
        Ok(Self {
            id: row.id,
            endpoint: row.k.parse().map_err(Error::internal)?,
            event: row.e,
            conversation: row.x,
            payload: row.p,
            url: row.w,
            status: row.st,
            attempts: row.at.into_iter().map(Attempt::try_from).collect::<Result<_>>()?,
            automatic_attempts: row.n,
            next_attempt_at: row.nx.map(Millis::moment).transpose()?,
            created_at: row.ca.moment()?,
            trigger: row.tr,
        })
    }
}
