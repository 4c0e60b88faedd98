//! Sending one notice.

use std::time::Duration;

use super::mail;
use crate::app::App;
use crate::error::Result;
use crate::id::WorkspaceId;
use crate::ports::{Clock, Mailer, NoticeStore, Ports, WorkspaceStore};

/// Tries before a notice is given up: with the waits between them, about two days.
const MAX_ATTEMPTS: u32 = 20;
/// The longest wait between two tries.
const MAX_WAIT: Duration = Duration::from_secs(3 * 3_600);

/// Sends a notice that is due and marks it as sent. A worker that dies in between leaves it owed, so
/// that it is sent once more rather than not at all; of two workers at once one sends.
///
/// # Errors
/// When the store or the mailer fails; the notice stays owed.
pub async fn send<P: Ports>(app: &App<P>, workspace: WorkspaceId, name: &str) -> Result<()> {
    let now = app.now();
    let lease = Duration::from_millis(app.settings.outbox_grace_ms.max(1_000) * 2);
    let claimed = app.store.claim_notice(workspace, name, now, now + lease).await?;
    let Some(claimed) = claimed else { return Ok(()) };
    let Some(owner) = app.store.workspace(workspace).await? else {
        return app.store.end_notice(workspace, name, now).await;
    };
    let mail = mail::write(&app.settings.powered_by, &owner, &claimed.notice.what);
    match app.mailer.send(&mail).await {
        Ok(()) => app.store.end_notice(workspace, name, now).await,
        Err(error) if claimed.attempts >= MAX_ATTEMPTS => {
            tracing::error!(%workspace, name, %error, "a notice to the owner is given up");
            app.store.end_notice(workspace, name, now).await
        }
        Err(error) => {
            let wait = lease.saturating_mul(1 << claimed.attempts.min(12)).min(MAX_WAIT);
            app.store.postpone_notice(workspace, name, now + wait).await?;
            Err(error)
        }
    }
}
