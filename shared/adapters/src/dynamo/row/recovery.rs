//! Recoveries of missed events.

use aiva_core::error::{Error, Result};
use aiva_core::id::{RecoveryId, WorkspaceId};
use aiva_core::recovery::{Missed, Recovery, Window};
use serde::{Deserialize, Serialize};

use super::Millis;

/// A recovery: from `s` to `u`, of the endpoint `k`; at the rate `r`; `m` were missed (`mm`: or more),
/// `n` are due again, `l` were left; `p` is how far it has come, `x` when the next is due, `dn` whether
/// it is done, `v` the count of its steps.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::dynamo) struct RecoveryRow {
    id: RecoveryId,
    s: Millis,
    u: Millis,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    k: Option<String>,
    r: u32,
    m: u64,
    mm: bool,
    n: u64,
    l: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    p: Option<String>,
    x: Millis,
    dn: bool,
    pub(in crate::dynamo) v: u64,
    ca: Millis,
}

impl From<&Recovery> for RecoveryRow {
    fn from(recovery: &Recovery) -> Self {
        Self {
            id: recovery.id,
            s: recovery.window.since.into(),
            u: recovery.window.until.into(),
            k: recovery.window.endpoint.map(|endpoint| endpoint.to_string()),
            r: recovery.rate,
            m: recovery.missed.count,
            mm: recovery.missed.is_minimum,
            n: recovery.reopened,
            l: recovery.left,
            p: recovery.position.clone(),
            x: recovery.next_slot.into(),
            dn: recovery.is_done,
            v: recovery.version,
            ca: recovery.created_at.into(),
        }
    }
}

impl RecoveryRow {
    /// The recovery of a workspace.
    pub(in crate::dynamo) fn recovery(self, workspace: WorkspaceId) -> Result<Recovery> {
        let endpoint = self.k.as_deref().map(str::parse).transpose();
        Ok(Recovery {
            id: self.id,
            workspace,
            window: Window {
                since: self.s.moment()?,
                until: self.u.moment()?,
                endpoint: endpoint.map_err(Error::internal)?,
            },
            rate: self.r,
            missed: Missed { count: self.m, is_minimum: self.mm },
            reopened: self.n,
            left: self.l,
            position: self.p,
            next_slot: self.x.moment()?,
            is_done: self.dn,
            version: self.v,
            created_at: self.ca.moment()?,
        })
    }
}
