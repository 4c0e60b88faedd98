//! Word to the owner of a workspace that endpoints were disabled.
//!
//! It is owed from the write that disables an endpoint on, so that no crash loses it. Endpoints of one
//! workspace that are found in one sweep share a mail.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::{Disabled, Endpoint};
use crate::app::App;
use crate::error::Result;
use crate::id::WorkspaceId;
use crate::outbox::OwedItem;
use crate::ports::{Clock, EndpointStore, Mail, Mailer, OutboxStore, Ports, WorkspaceStore};
use crate::text::escaped;
use crate::time;
use crate::workspace::Workspace;

/// A mail that cannot be sent is tried for so long.
const PATIENCE: Duration = Duration::from_secs(3 * 24 * 3_600);
/// The first wait after a mail that could not be sent.
const FIRST_WAIT: Duration = Duration::from_secs(60);

/// Tells the owners, and answers how many mails went out. A crash between a mail and the note that it
/// was sent repeats that mail, once the wait is over. A workspace whose owner cannot be told keeps none of
/// the others waiting.
pub(crate) async fn tell_owners<P: Ports>(app: &App<P>, endpoints: Vec<Endpoint>) -> u32 {
    let mut by_workspace: BTreeMap<WorkspaceId, Vec<Endpoint>> = BTreeMap::new();
    for endpoint in endpoints {
        by_workspace.entry(endpoint.id.workspace()).or_default().push(endpoint);
    }
    let mut sent = 0;
    for (workspace, endpoints) in by_workspace {
        match tell_owner(app, workspace, &endpoints).await {
            Ok(told) => sent += u32::from(told),
            Err(error) => {
                tracing::warn!(workspace_id = %workspace, %error, "left to the next sweep")
            }
        }
    }
    sent
}

async fn tell_owner<P: Ports>(
    app: &App<P>,
    workspace: WorkspaceId,
    endpoints: &[Endpoint],
) -> Result<bool> {
    let now = app.now();
    // One that was switched on again, or off by the operator, needs no word.
    let news: Vec<(&Endpoint, &Disabled)> = endpoints
        .iter()
        .filter_map(|endpoint| Some((endpoint, endpoint.callback.disabled.as_ref()?)))
        .collect();
    for endpoint in endpoints {
        let again = next_try(endpoint, now);
        // The sweep has put it off for a little already.
        app.store.postpone(&OwedItem::Endpoint(endpoint.id), again, again).await?;
    }
    let sent = match app.store.workspace(workspace).await? {
        Some(workspace) if !news.is_empty() => {
            app.mailer.send(&write(&workspace, &news, &app.settings.powered_by)).await
        }
        Some(_) | None => Ok(()),
    };
    let tired = |endpoint: &Endpoint| {
        let since = endpoint.callback.disabled.as_ref().map(|disabled| disabled.at);
        since.is_none_or(|since| since + PATIENCE <= now)
    };
    if let Err(error) = &sent {
        tracing::warn!(workspace_id = %workspace, %error, "the owner is not told yet");
    }
    for endpoint in endpoints {
        if sent.is_ok() || tired(endpoint) {
            app.store.end_notice(endpoint).await?;
        }
    }
    Ok(sent.is_ok() && !news.is_empty())
}

/// Waits double with the time since the endpoint was disabled.
fn next_try(endpoint: &Endpoint, now: Timestamp) -> Timestamp {
    let since = endpoint.callback.disabled.as_ref().map_or(now, |disabled| disabled.at);
    let elapsed = now.as_millisecond().saturating_sub(since.as_millisecond());
    now + Duration::from_millis(u64::try_from(elapsed).unwrap_or(0)).max(FIRST_WAIT)
}

fn write(workspace: &Workspace, news: &[(&Endpoint, &Disabled)], brand: &str) -> Mail {
    let lines: Vec<[String; 4]> = news
        .iter()
        .map(|(endpoint, disabled)| {
            let url = endpoint.callback.url.split(['?', '#']).next().unwrap_or_default();
            let since = time::millis(endpoint.callback.off_since().unwrap_or(disabled.at));
            [url.to_owned(), endpoint.name.clone(), disabled.reason.clone(), since]
        })
        .collect();
    let what = if news.len() == 1 { "an endpoint" } else { "endpoints" };
    let subject = format!("{}: events are no longer sent to {what}", workspace.name);
    let intro = "Events are kept and no longer sent to:";
    let advice = "What happens meanwhile is kept for 30 days. When the endpoint works again: send it a \
        test, switch it on, and recover what it missed (deliveries/recover, with that \"since\").";
    let plain: String = lines
        .iter()
        .map(|[url, name, reason, since]| {
            format!("  {url} ({name}): {reason}; it misses events since {since}\n")
        })
        .collect();
    let text = format!("Hello,\n\n{intro}\n\n{plain}\n{advice}\n\n{brand}\n");
    let rows: String = lines
        .iter()
        .map(|line| {
            let [url, name, reason, since] = line.each_ref().map(|part| escaped(part));
            format!("<li>{url} ({name}): {reason}; it misses events since {since}</li>")
        })
        .collect();
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{}</title></head>\
         <body><p>Hello,</p><p>{intro}</p><ul>{rows}</ul><p>{advice}</p><p>{}</p></body></html>",
        escaped(&subject),
        escaped(brand)
    );
    Mail { to: workspace.email.clone(), subject, text, html }
}
