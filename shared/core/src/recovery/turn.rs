//! Turns of recoveries: each makes some of what was missed due again, as far ahead as the pace allows.
//!
//! A page is walked, then the recovery moves on to the next by compare-and-set. A crash in between walks
//! that page again: what this recovery has made due already is known by its mark and counted alike.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;

use super::{Candidate, Recovery};
use crate::app::App;
use crate::callback::EndpointId;
use crate::delivery::{DeliveryStatus, job_of, schedule};
use crate::error::Result;
use crate::outbox::OwedItem;
use crate::page::Limit;
use crate::ports::{Clock, EndpointStore, OutboxStore, Ports, RecoveryStore};

const PAGE: Limit = Limit::of(100);
/// Events are made due so far ahead at most.
const AHEAD: Duration = Duration::from_secs(120);
/// One sweep spends so long on recoveries.
const TURN: Duration = Duration::from_secs(10);
/// Nobody else takes a turn of the same recovery for so long.
const LEASE: Duration = Duration::from_secs(60);

/// Gives each recovery a turn of so many pages at most, and answers how many events were made due. One
/// whose turn fails keeps none of the others waiting; its next turn goes on.
pub(crate) async fn turns<P: Ports>(app: &App<P>, recoveries: Vec<Recovery>, pages: usize) -> u64 {
    let end = app.now() + TURN;
    let mut reopened = 0;
    for mut recovery in recoveries {
        let before = recovery.reopened;
        if let Err(error) = turn(app, &mut recovery, pages, end).await {
            tracing::warn!(recovery_id = %recovery.id, %error, "left to the next sweep");
        }
        reopened += recovery.reopened - before;
    }
    reopened
}

async fn turn<P: Ports>(
    app: &App<P>,
    recovery: &mut Recovery,
    pages: usize,
    end: Timestamp,
) -> Result<()> {
    let item = OwedItem::Recovery { workspace: recovery.workspace, id: recovery.id };
    let mut leased = app.now() + LEASE;
    if !app.store.postpone(&item, leased, leased).await? {
        return Ok(());
    }
    for page in 1.. {
        let now = app.now();
        let due = if recovery.next_slot > now + AHEAD {
            Some(now + AHEAD / 2)
        } else if page > pages || now > end {
            Some(now)
        } else {
            None
        };
        if let Some(due) = due {
            return app.store.postpone(&item, leased, due).await.map(|_| ());
        }
        walk_page(app, recovery, now).await?;
        leased = now + LEASE;
        if !app.store.advance_recovery(recovery, leased).await? || recovery.is_done {
            break;
        }
    }
    Ok(())
}

async fn walk_page<P: Ports>(app: &App<P>, recovery: &mut Recovery, now: Timestamp) -> Result<()> {
    let store = &app.store;
    let position = recovery.position.as_deref();
    let page = store.candidates(recovery.workspace, &recovery.window, position, PAGE).await?;
    let step = Duration::from_millis(1_000) / recovery.rate.max(1);
    let mut enabled: HashMap<EndpointId, bool> = HashMap::new();
    recovery.next_slot = recovery.next_slot.max(now);
    for candidate in page.items {
        if candidate.recovered_by == Some(recovery.id) {
            recovery.reopened += 1;
            recovery.next_slot += step;
            continue;
        }
        if !candidate.is_missed() {
            continue;
        }
        let endpoint = candidate.delivery.endpoint;
        let works = match enabled.get(&endpoint) {
            Some(works) => *works,
            None => {
                let found = store.endpoint(endpoint).await?;
                let works = found.is_some_and(|found| found.callback.is_enabled());
                enabled.insert(endpoint, works);
                works
            }
        };
        if !works {
            recovery.left += 1;
        } else if reopen(app, recovery, candidate).await? {
            recovery.reopened += 1;
            recovery.next_slot += step;
        }
    }
    recovery.is_done = page.next.is_none();
    recovery.position = page.next.or_else(|| recovery.position.take());
    recovery.version += 1;
    Ok(())
}

async fn reopen<P: Ports>(app: &App<P>, recovery: &Recovery, candidate: Candidate) -> Result<bool> {
    let at = recovery.next_slot;
    let due = at + Duration::from_millis(app.settings.outbox_grace_ms);
    let mut delivery = candidate.delivery;
    if !app.store.reopen_missed(recovery.id, &delivery, (at, due)).await? {
        return Ok(false);
    }
    delivery.status = DeliveryStatus::Pending;
    schedule(app, &job_of(&delivery), at).await;
    Ok(true)
}
