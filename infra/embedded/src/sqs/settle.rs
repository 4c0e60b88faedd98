//! What a receiver does with a message it holds: delete it, or change when others see it.

use rusqlite::params;
use serde::Deserialize;
use serde_json::{Value, json};

use super::lane;
use super::queue::{self, Queue};
use super::receipt::Receipt;
use super::refusal::{Code, Refusal};
use super::store::Session;

/// The longest time that a message can stay hidden, in seconds.
const MOST_HIDDEN_S: i64 = 43_200;

/// One message to settle: a whole request, or an entry of a batch.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Entry {
    pub(super) queue_url: Option<String>,
    pub(super) id: Option<String>,
    receipt_handle: Option<String>,
    visibility_timeout: Option<i64>,
}

/// A received message as it is now.
struct Held {
    seq: i64,
    group: String,
    visible_ms: i64,
}

/// Deletes a message; one that is gone already counts as deleted.
///
/// A handle from an earlier receive deletes nothing. On a FIFO queue, where another receiver may
/// hold the message by then, it is an error, as is one whose visibility timeout has passed.
pub(super) fn delete(
    session: &mut Session<'_>,
    queue: &Queue,
    entry: &Entry,
) -> Result<Value, Refusal> {
    let (receipt, handle) = receipt(session, queue, entry)?;
    if !exists(session, receipt)? {
        return Ok(json!({}));
    }
    let held = held(session, receipt)?;
    match held {
        Some(held) if !queue.is_fifo() || held.visible_ms > session.now_ms => {
            session.execute("DELETE FROM message WHERE seq = ?", [held.seq])?;
            lane::refresh(session, queue, &held.group)?;
            if queue.is_fifo() {
                // Whatever stood behind it in its group may be free now.
                session.wake(&queue.name);
            }
        }
        _ if queue.is_fifo() => {
            let reason = "The receipt handle has expired.";
            return Err(Refusal::parameter("ReceiptHandle", handle, reason));
        }
        _ => {}
    }
    Ok(json!({}))
}

/// Sets how long, from now, a message in flight stays hidden.
pub(super) fn change_visibility(
    session: &mut Session<'_>,
    queue: &Queue,
    entry: &Entry,
) -> Result<Value, Refusal> {
    let hidden_s = entry.visibility_timeout.ok_or_else(|| Refusal::missing("VisibilityTimeout"))?;
    if !(0..=MOST_HIDDEN_S).contains(&hidden_s) {
        let reason = "VisibilityTimeout must be an integer between 0 and 43200.";
        return Err(Refusal::parameter("VisibilityTimeout", &hidden_s.to_string(), reason));
    }
    let (receipt, handle) = receipt(session, queue, entry)?;
    let Some(held) = held(session, receipt)? else {
        let reason = "Message does not exist or is not available for visibility timeout change.";
        return Err(Refusal::parameter("ReceiptHandle", handle, reason));
    };
    if held.visible_ms <= session.now_ms {
        let message = format!(
            "Value {handle} for parameter ReceiptHandle is invalid. Reason: Message is not in \
             flight."
        );
        return Err(Refusal::new(Code::MessageNotInflight, message));
    }
    session.execute(
        "UPDATE message SET visible_ms = ? WHERE seq = ?",
        params![session.now_ms + hidden_s * 1000, held.seq],
    )?;
    lane::refresh(session, queue, &held.group)?;
    session.wake(&queue.name);
    Ok(json!({}))
}

fn receipt<'a>(
    session: &Session<'_>,
    queue: &Queue,
    entry: &'a Entry,
) -> Result<(Receipt, &'a str), Refusal> {
    let handle = entry.receipt_handle.as_deref().filter(|handle| !handle.is_empty());
    let handle = handle.ok_or_else(|| Refusal::missing("ReceiptHandle"))?;
    match Receipt::parse(handle, session.salt) {
        Some(receipt) if receipt.queue == queue.id => Ok((receipt, handle)),
        _ => {
            let message = format!("The input receipt handle {handle:?} is not valid.");
            Err(Refusal::new(Code::ReceiptHandleIsInvalid, message))
        }
    }
}

fn exists(session: &Session<'_>, receipt: Receipt) -> Result<bool, Refusal> {
    let sql = "SELECT 1 FROM message WHERE seq = ? AND queue = ?";
    let found = session.row(sql, params![receipt.seq, receipt.queue], |_| Ok(()))?;
    Ok(found.is_some())
}

/// The message of a receipt, unless it has been received again since.
fn held(session: &Session<'_>, receipt: Receipt) -> Result<Option<Held>, Refusal> {
    session.row(
        "SELECT seq, grp, visible_ms FROM message WHERE seq = ? AND queue = ? AND received = ?",
        params![receipt.seq, receipt.queue, receipt.received],
        |row| Ok(Held { seq: row.get(0)?, group: row.get(1)?, visible_ms: row.get(2)? }),
    )
}

/// Makes every message that is in flight visible and returns how many there were.
pub(super) fn release_all(session: &mut Session<'_>) -> Result<usize, Refusal> {
    let lanes = session.rows(
        "SELECT DISTINCT queue.name, grp FROM message JOIN queue ON queue.id = message.queue
         WHERE received > 0 AND visible_ms > ?",
        [session.now_ms],
        |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)),
    )?;
    let released = session.execute(
        "UPDATE message SET visible_ms = ?1 WHERE received > 0 AND visible_ms > ?1",
        [session.now_ms],
    )?;
    for (name, group) in lanes {
        let queue = queue::find(session, &name)?.ok_or_else(Refusal::no_queue)?;
        lane::refresh(session, &queue, &group)?;
        session.wake(&name);
    }
    Ok(released)
}
