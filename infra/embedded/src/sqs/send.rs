//! Sending: checks, deduplication, and the new message's place in its lane.

use data_encoding::HEXLOWER;
use rusqlite::params;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::content::{self, MessageAttributes};
use super::lane;
use super::queue::Queue;
use super::refusal::{Code, Refusal};
use super::store::Session;

/// How long a deduplication id is remembered, in milliseconds.
const DEDUP_MS: i64 = 300_000;
/// The longest delay of a message, in seconds.
const MOST_DELAY_S: i64 = 900;
const WRONG_QUEUE_TYPE: &str =
    "The request include parameter that is not valid for this queue type.";

/// One message to send: a whole request, or an entry of a batch.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Entry {
    pub(super) queue_url: Option<String>,
    pub(super) id: Option<String>,
    message_body: Option<String>,
    delay_seconds: Option<i64>,
    message_attributes: MessageAttributes,
    message_system_attributes: MessageAttributes,
    message_deduplication_id: Option<String>,
    message_group_id: Option<String>,
}

impl Entry {
    /// How many bytes the message counts against the size limits.
    pub(super) fn size(&self) -> Result<usize, Refusal> {
        let body = self.message_body.as_ref().map_or(0, String::len);
        Ok(body + content::check_attributes(&self.message_attributes)?)
    }
}

/// Sends one message and returns its answer.
pub(super) fn send(
    session: &mut Session<'_>,
    queue: &Queue,
    entry: &Entry,
) -> Result<Value, Refusal> {
    let body = entry.message_body.as_deref().filter(|body| !body.is_empty());
    let body = body.ok_or_else(|| Refusal::missing("MessageBody"))?;
    check(queue, entry, body)?;
    let dedup = deduplication_id(queue, entry, body)?;
    let seq = match &dedup {
        Some(dedup) => match sent_before(session, queue, entry, dedup)? {
            Some(seq) => seq,
            None => {
                let seq = store(session, queue, entry, Some(dedup))?;
                remember(session, queue, entry, dedup, seq)?;
                seq
            }
        },
        None => store(session, queue, entry, None)?,
    };
    let mut answer = json!({
        "MessageId": session.message_id(seq),
        "MD5OfMessageBody": content::body_md5(body),
    });
    if let Some(md5) = content::attributes_md5(&entry.message_attributes) {
        answer["MD5OfMessageAttributes"] = json!(md5);
    }
    if let Some(md5) = content::attributes_md5(&entry.message_system_attributes) {
        answer["MD5OfMessageSystemAttributes"] = json!(md5);
    }
    if queue.is_fifo() {
        answer["SequenceNumber"] = json!(sequence_number(seq));
    }
    Ok(answer)
}

/// The public form of a sequence number: twenty digits, so that text sorts as numbers do.
pub(super) fn sequence_number(seq: i64) -> String {
    format!("{seq:020}")
}

fn check(queue: &Queue, entry: &Entry, body: &str) -> Result<(), Refusal> {
    content::check_body(body)?;
    let size = entry.size()?;
    let most = queue.number("MaximumMessageSize");
    if i64::try_from(size).unwrap_or(i64::MAX) > most {
        let reason = format!("Message must be shorter than {most} bytes.");
        let message = format!("One or more parameters are invalid. Reason: {reason}");
        return Err(Refusal::new(Code::InvalidParameterValue, message));
    }
    if let Some(delay) = entry.delay_seconds {
        let shown = delay.to_string();
        if !(0..=MOST_DELAY_S).contains(&delay) {
            let reason = "DelaySeconds must be >= 0 and <= 900.";
            return Err(Refusal::parameter("DelaySeconds", &shown, reason));
        }
        if queue.is_fifo() && delay > 0 {
            return Err(Refusal::parameter("DelaySeconds", &shown, WRONG_QUEUE_TYPE));
        }
    }
    check_id("MessageGroupId", entry.message_group_id.as_deref())?;
    check_id("MessageDeduplicationId", entry.message_deduplication_id.as_deref())
}

fn check_id(parameter: &str, id: Option<&str>) -> Result<(), Refusal> {
    let is_valid =
        |id: &str| (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    match id {
        Some(id) if !is_valid(id) => {
            let reason = format!(
                "{parameter} can only include alphanumeric and punctuation characters. 1 to 128 in \
                 length."
            );
            Err(Refusal::parameter(parameter, id, &reason))
        }
        _ => Ok(()),
    }
}

/// The id by which a FIFO queue knows the message again; standard queues have none.
fn deduplication_id(queue: &Queue, entry: &Entry, body: &str) -> Result<Option<String>, Refusal> {
    let given = entry.message_deduplication_id.as_deref();
    if !queue.is_fifo() {
        return match given {
            Some(id) => Err(Refusal::parameter("MessageDeduplicationId", id, WRONG_QUEUE_TYPE)),
            None => Ok(None),
        };
    }
    if entry.message_group_id.is_none() {
        return Err(Refusal::missing("MessageGroupId"));
    }
    if let Some(id) = given {
        return Ok(Some(id.to_owned()));
    }
    if queue.is_set("ContentBasedDeduplication", "true") {
        return Ok(Some(HEXLOWER.encode(&Sha256::digest(body.as_bytes()))));
    }
    let message = "The queue should either have ContentBasedDeduplication enabled or \
                   MessageDeduplicationId provided explicitly";
    Err(Refusal::new(Code::InvalidParameterValue, message))
}

/// The part of the queue in which a deduplication id must be unique: all of it, or the group.
fn scope<'a>(queue: &Queue, entry: &'a Entry) -> &'a str {
    match &entry.message_group_id {
        Some(group) if queue.is_set("DeduplicationScope", "messageGroup") => group,
        _ => "",
    }
}

fn sent_before(
    session: &Session<'_>,
    queue: &Queue,
    entry: &Entry,
    dedup: &str,
) -> Result<Option<i64>, Refusal> {
    session.execute("DELETE FROM dedup WHERE expires_ms <= ?", [session.now_ms])?;
    session.row(
        "SELECT seq FROM dedup WHERE queue = ? AND scope = ? AND id = ?",
        params![queue.id, scope(queue, entry), dedup],
        |row| row.get(0),
    )
}

fn remember(
    session: &Session<'_>,
    queue: &Queue,
    entry: &Entry,
    dedup: &str,
    seq: i64,
) -> Result<(), Refusal> {
    session.execute(
        "INSERT INTO dedup (queue, scope, id, seq, expires_ms) VALUES (?, ?, ?, ?, ?)",
        params![queue.id, scope(queue, entry), dedup, seq, session.now_ms + DEDUP_MS],
    )?;
    Ok(())
}

fn store(
    session: &mut Session<'_>,
    queue: &Queue,
    entry: &Entry,
    dedup: Option<&str>,
) -> Result<i64, Refusal> {
    let group = entry.message_group_id.as_deref().unwrap_or_default();
    let delay_s = entry.delay_seconds.filter(|_| !queue.is_fifo());
    let delay_s = delay_s.unwrap_or_else(|| queue.number("DelaySeconds"));
    let attributes =
        (!entry.message_attributes.is_empty()).then(|| json!(entry.message_attributes).to_string());
    let trace = entry.message_system_attributes.get("AWSTraceHeader");
    session.execute(
        "INSERT INTO message (queue, grp, body, attributes, trace, dedup, sent_ms, visible_ms)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            queue.id,
            group,
            entry.message_body,
            attributes,
            trace.and_then(|trace| trace.string_value.as_deref()),
            dedup,
            session.now_ms,
            session.now_ms + delay_s * 1000,
        ],
    )?;
    let seq = session.last_seq();
    lane::refresh(session, queue, group)?;
    session.wake(&queue.name);
    Ok(seq)
}
