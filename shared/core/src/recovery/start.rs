//! Starting a recovery, and looking at one.

use std::time::Duration;

use jiff::Timestamp;

use super::{Missed, Recovery, Window, count, turns};
use crate::app::App;
use crate::callback::EndpointId;
use crate::error::{Error, Result};
use crate::id::{RecoveryId, WorkspaceId};
use crate::ports::{Clock, EndpointStore, Entropy, Ports, RecoveryStore};

/// What is to be recovered, as the operator wrote it.
#[derive(Debug, Clone, Default)]
pub struct RecoverCommand {
    /// From this moment on (RFC 3339).
    pub since: String,
    /// Up to this moment; now where it is left out.
    pub until: Option<String>,
    /// Only this endpoint's, by the id of its owner.
    pub endpoint: Option<(&'static str, String)>,
    /// Counts only.
    pub dry_run: bool,
    /// Attempts a second.
    pub rate_per_second: Option<i64>,
}

const DEFAULT_RATE: u32 = 25;
const RATES: std::ops::RangeInclusive<i64> = 1..=1_000;

/// Counts what was missed and, unless that is all that is wanted, makes it due again in the background.
/// It enables nothing: what belongs to a disabled endpoint is left as it is. `env` names the recovery:
/// asked again with the same one, it is begun once.
///
/// # Errors
/// [`Error::Invalid`] for a field that breaks its rule.
pub async fn start<P: Ports>(
    app: &App<P>,
    env: &(impl Clock + Entropy),
    workspace: WorkspaceId,
    command: RecoverCommand,
) -> Result<(Missed, Option<Recovery>)> {
    let now = env.now();
    let rate = rate(command.rate_per_second)?;
    let window = window(app, workspace, &command, now).await?;
    let id = RecoveryId::new(now, env);
    if let Some(begun) = app.store.recovery(workspace, id).await? {
        return Ok((begun.missed, Some(begun)));
    }
    let missed = count(&app.store, workspace, &window).await?;
    if command.dry_run {
        return Ok((missed, None));
    }
    let recovery = Recovery {
        id,
        workspace,
        window,
        rate,
        missed,
        reopened: 0,
        left: 0,
        position: None,
        next_slot: now,
        is_done: missed.count == 0 && !missed.is_minimum,
        version: 0,
        created_at: now,
    };
    // Due for the sweep at once; its first turn does not wait for that.
    app.store.create_recovery(&recovery, now + Duration::from_secs(1)).await?;
    if !recovery.is_done {
        turns(app, vec![recovery.clone()], 1).await;
    }
    Ok((missed, Some(recovery)))
}

/// Reads a recovery.
///
/// # Errors
/// [`Error::NotFound`] when the workspace has none with this id.
pub async fn find(
    store: &impl RecoveryStore,
    workspace: WorkspaceId,
    id: RecoveryId,
) -> Result<Recovery> {
    store.recovery(workspace, id).await?.ok_or(Error::NotFound)
}

fn rate(wanted: Option<i64>) -> Result<u32> {
    let Some(wanted) = wanted else { return Ok(DEFAULT_RATE) };
    let rate = u32::try_from(wanted).ok().filter(|_| RATES.contains(&wanted));
    rate.ok_or_else(|| Error::invalid("ratePerSecond", "must be a whole number from 1 to 1000"))
}

async fn window<P: Ports>(
    app: &App<P>,
    workspace: WorkspaceId,
    command: &RecoverCommand,
    now: Timestamp,
) -> Result<Window> {
    let moment = |field: &'static str, text: &str| {
        text.parse::<Timestamp>()
            .map_err(|_| Error::invalid(field, "must be a time like 2026-01-31T08:00:00Z"))
    };
    let since = moment("since", &command.since)?;
    let until = command.until.as_deref().map(|text| moment("until", text)).transpose()?;
    let until = until.unwrap_or(now);
    if until < since {
        return Err(Error::invalid("until", "must not be before since"));
    }
    let endpoint = match &command.endpoint {
        None => None,
        Some((field, text)) => {
            let id = text.parse::<EndpointId>().ok().filter(|id| id.workspace() == workspace);
            let found = match id {
                Some(id) => app.store.endpoint(id).await?,
                None => None,
            };
            let unknown = || Error::invalid(*field, "names no endpoint of this workspace");
            Some(found.ok_or_else(unknown)?.id)
        }
    };
    Ok(Window { since, until, endpoint })
}
