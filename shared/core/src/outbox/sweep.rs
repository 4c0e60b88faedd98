//! Paying what is owed: whatever the queues lost is sent again.

use std::time::Duration;

use super::OwedWhat;
use crate::allowance;
use crate::app::App;
use crate::callback;
use crate::error::{Error, Result};
use crate::notice;
use crate::ports::{Clock, OutboxStore, Ports, Queue};
use crate::recharge;
use crate::recovery;

/// What one sweep did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SweepReport {
    /// Replies asked for again.
    pub generations: u32,
    /// Deliveries asked for again.
    pub deliveries: u32,
    /// Workspaces whose plan's credit was due.
    pub allowances: u32,
    /// Mails to owners that were sent, or found sent.
    pub mails: u32,
    /// Missed events made due again.
    pub recovered: u64,
    /// Owners told of endpoints that were disabled.
    pub notices: u32,
    /// Sources and indices asked for again.
    pub ingestions: u32,
}

/// Items taken from one shard in one sweep at most.
const BATCH: usize = 200;

/// Pages that one recovery walks in one sweep at most.
const PAGES_OF_RECOVERY: usize = 20;

/// Sends again everything whose moment has passed. Each item is first moved to a later moment, so that
/// a queue that works slowly is not flooded; a crash in between costs one such wait, nothing else.
///
/// # Errors
/// When the store fails. What was sent stays sent.
pub async fn sweep<P: Ports>(app: &App<P>) -> Result<SweepReport> {
    let mut report = SweepReport::default();
    let (mut disabled, mut recoveries) = (Vec::new(), Vec::new());
    for shard in 0..app.store.owed_shards() {
        let now = app.now();
        let again = now + Duration::from_millis(app.settings.outbox_grace_ms.max(1_000) * 2);
        for owed in app.store.owed(shard, now, BATCH).await? {
            app.store.postpone(&owed.item, again).await?;
            // The round makes it another message to the queue's deduplication.
            let round = u64::try_from(now.as_millisecond()).unwrap_or(0);
            match owed.what {
                OwedWhat::Generation(job) => {
                    report.generations += counted(app.queue.send_generation(&job, round).await);
                }
                OwedWhat::Delivery(job) => {
                    report.deliveries +=
                        counted(app.queue.send_delivery(&job, Duration::ZERO).await);
                }
                OwedWhat::Ingestion(job) => {
                    report.ingestions += counted(app.queue.send_ingestion(&job, round).await);
                }
                OwedWhat::Recharge(workspace) => {
                    counted(recharge::check(app, workspace).await);
                }
                OwedWhat::Allowance(workspace) => {
                    report.allowances += counted(allowance::grant(app, workspace).await);
                }
                // A round of its own has the port for it.
                OwedWhat::Payment { .. } => {}
                OwedWhat::Mail { workspace, name } => {
                    report.mails += counted(notice::send(app, workspace, &name).await);
                }
                OwedWhat::Notice(endpoint) => disabled.push(*endpoint),
                OwedWhat::Recovery(recovery) => recoveries.push(*recovery),
            }
        }
    }
    report.recovered = recovery::turns(app, recoveries, PAGES_OF_RECOVERY).await?;
    report.notices = callback::tell_owners(app, disabled).await?;
    Ok(report)
}

/// One, if it was done. What failed is still owed.
fn counted(done: Result<()>) -> u32 {
    match done {
        Ok(()) => 1,
        Err(Error::Internal(cause) | Error::Unavailable(cause)) => {
            tracing::warn!(%cause, "the next sweep tries again");
            0
        }
        Err(error) => {
            tracing::warn!(%error, "the next sweep tries again");
            0
        }
    }
}
