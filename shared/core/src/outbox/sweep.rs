//! Paying what is owed: whatever the queues lost is sent again.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::{Owed, OwedMark, OwedWhat, Turn};
use crate::allowance;
use crate::app::App;
use crate::callback::{self, Endpoint};
use crate::error::{Error, Result};
use crate::notice;
use crate::payment::collect_due;
use crate::ports::{Clock, OutboxStore, Payments, Ports, Queue};
use crate::recharge;
use crate::recovery::{self, Recovery};
use crate::reply::{both, together};

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

/// Marks read at once.
const PAGE: usize = 1_000;
/// Marks of one shard that one sweep looks at.
const MAX_MARKS: usize = 5_000;
/// Rows read at once.
const BATCH: usize = 100;
/// Items paid at once.
const AT_ONCE: usize = 32;
/// Pages that one recovery walks in one sweep at most.
const PAGES_OF_RECOVERY: usize = 20;
/// When the turns end, counted from the beginning of the sweep: what one leaves over, the next may use.
const OWNERS_END: Duration = Duration::from_secs(10);
const WORK_ENDS: Duration = Duration::from_secs(22);
const DELIVERIES_END: Duration = Duration::from_secs(36);

/// What one sweep has found and done.
#[derive(Debug, Default)]
struct Tally {
    report: SweepReport,
    marks: Vec<OwedMark>,
    disabled: Vec<Endpoint>,
    recoveries: Vec<Recovery>,
    /// Reads that failed.
    faults: u32,
}

/// Sends again everything whose moment has passed: first what owners are owed, then replies and
/// knowledge, deliveries last; each turn has its time, and the oldest of all shards come first. An item
/// is first moved to a later moment, so that a queue that works slowly is not flooded; a crash in between
/// costs one such wait, nothing else. What fails keeps nobody else waiting.
///
/// # Errors
/// When something could not be read. Everything else was done all the same.
pub async fn sweep<P: Ports>(app: &App<P>) -> Result<SweepReport> {
    let began = app.now();
    let tally = Mutex::new(Tally::default());
    together((0..app.store.owed_shards()).map(|shard| gather(app, shard, &tally))).await;
    let mut marks = locked(&tally, |tally| std::mem::take(&mut tally.marks));
    marks.sort_by_key(|mark| mark.due);
    let turn = |turn| marks.iter().filter(move |mark| mark.turn == turn).cloned().collect();

    pay_all(app, turn(Turn::Owner), began + OWNERS_END, &tally).await;
    let disabled = locked(&tally, |tally| std::mem::take(&mut tally.disabled));
    let notices = callback::tell_owners(app, disabled).await;
    pay_all(app, turn(Turn::Work), began + WORK_ENDS, &tally).await;
    let recoveries = locked(&tally, |tally| std::mem::take(&mut tally.recoveries));
    let recovered = recovery::turns(app, recoveries, PAGES_OF_RECOVERY).await;
    pay_all(app, turn(Turn::Delivery), began + DELIVERIES_END, &tally).await;

    let (report, faults) = locked(&tally, |tally| (tally.report, tally.faults));
    let report = SweepReport { notices, recovered, ..report };
    if faults > 0 {
        tracing::warn!(?report, faults, "swept, as far as it can be read");
        return Err(Error::unavailable(format!("{faults} reads of what is owed failed")));
    }
    Ok(report)
}

/// Sweeps and, beside it, collects the payments that are due and answers how many were asked for: neither
/// waits for the other, so that a provider of payments that is slow takes no time from what else is owed.
///
/// # Errors
/// When something could not be read. Everything else was done all the same.
pub async fn sweep_with<P: Ports>(
    app: &App<P>,
    payments: &impl Payments,
) -> Result<(SweepReport, u32)> {
    let (collecting, sweeping) = (collect_due(app, payments), sweep(app));
    let (collected, swept) = both(Box::pin(collecting), Box::pin(sweeping)).await;
    Ok((swept?, collected?))
}

/// Reads the marks of one shard.
async fn gather<P: Ports>(app: &App<P>, shard: u8, tally: &Mutex<Tally>) {
    let now = app.now();
    let mut found: Vec<OwedMark> = Vec::new();
    loop {
        match app.store.marked(shard, now, found.last(), PAGE).await {
            Ok(page) => {
                let is_last = page.len() < PAGE;
                found.extend(page);
                if is_last || found.len() >= MAX_MARKS {
                    break;
                }
            }
            Err(error) => {
                tracing::warn!(shard, %error, "what is owed in a shard cannot be read");
                locked(tally, |tally| tally.faults += 1);
                break;
            }
        }
    }
    locked(tally, |tally| tally.marks.extend(found));
}

/// Pays what stands behind these marks until the time is over.
async fn pay_all<P: Ports>(
    app: &App<P>,
    marks: Vec<OwedMark>,
    end: Timestamp,
    tally: &Mutex<Tally>,
) {
    for (number, batch) in marks.chunks(BATCH).enumerate() {
        let now = app.now();
        if now > end {
            let left = marks.len() - number * BATCH;
            tracing::warn!(left, "no time for all that is owed; the next sweep goes on");
            return;
        }
        match app.store.owed(batch, now).await {
            Ok(owed) => {
                let mut owed = owed.into_iter().peekable();
                while owed.peek().is_some() {
                    let some: Vec<Owed> = owed.by_ref().take(AT_ONCE).collect();
                    together(some.into_iter().map(|owed| pay(app, owed, tally))).await;
                }
            }
            Err(error) => {
                tracing::warn!(%error, "some of what is owed cannot be read");
                locked(tally, |tally| tally.faults += 1);
            }
        }
    }
}

async fn pay<P: Ports>(app: &App<P>, owed: Owed, tally: &Mutex<Tally>) {
    let now = app.now();
    let again = now + Duration::from_millis(app.settings.outbox_grace_ms.max(1_000) * 2);
    match app.store.postpone(&owed.item, now, again).await {
        Ok(true) => {}
        // It was paid or put off since it was read.
        Ok(false) => return,
        Err(error) => {
            tracing::warn!(item = ?owed.item, %error, "the next sweep tries again");
            return;
        }
    }
    let count = |add: fn(&mut SweepReport, u32), done: Result<()>| {
        let number = counted(done);
        locked(tally, |tally| add(&mut tally.report, number));
    };
    // The round makes it another message to the queue's deduplication.
    let round = u64::try_from(now.as_millisecond()).unwrap_or(0);
    match owed.what {
        OwedWhat::Generation(job) => {
            let sent = app.queue.send_generation(&job, round).await;
            count(|report, number| report.generations += number, sent);
        }
        OwedWhat::Delivery(job) => {
            let sent = app.queue.send_delivery(&job, Duration::ZERO).await;
            count(|report, number| report.deliveries += number, sent);
        }
        OwedWhat::Ingestion(job) => {
            let sent = app.queue.send_ingestion(&job, round).await;
            count(|report, number| report.ingestions += number, sent);
        }
        OwedWhat::Recharge(workspace) => {
            counted(recharge::check(app, workspace).await);
        }
        OwedWhat::Allowance(workspace) => {
            let granted = allowance::grant(app, workspace).await;
            count(|report, number| report.allowances += number, granted);
        }
        // A round of its own has the port for it.
        OwedWhat::Payment { .. } => {}
        OwedWhat::Mail { workspace, name } => {
            let sent = notice::send(app, workspace, &name).await;
            count(|report, number| report.mails += number, sent);
        }
        OwedWhat::Notice(endpoint) => locked(tally, |tally| tally.disabled.push(*endpoint)),
        OwedWhat::Recovery(recovery) => locked(tally, |tally| tally.recoveries.push(*recovery)),
    }
}

fn locked<T>(tally: &Mutex<Tally>, work: impl FnOnce(&mut Tally) -> T) -> T {
    work(&mut tally.lock().unwrap_or_else(PoisonError::into_inner))
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
