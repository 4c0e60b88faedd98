//! Dead letters: moving messages that were received too often, and moving them back.

use rusqlite::params;
use serde::Deserialize;
use serde_json::{Value, json};

use super::attribute::RedrivePolicy;
use super::lane;
use super::queue::{self, Queue};
use super::refusal::{Code, Refusal};
use super::store::Session;

/// How many messages one move task moves.
const MOVE_LIMIT: i64 = 100_000;
/// How many tasks a list shows.
const LISTED_TASKS: i64 = 10;

/// A queue's policy with the queue it names, if that still exists.
pub(super) fn policy(
    session: &Session<'_>,
    queue: &Queue,
) -> Result<Option<(RedrivePolicy, Queue)>, Refusal> {
    let Some(policy) = queue.redrive_policy() else { return Ok(None) };
    let target = queue::at_arn(session, &policy.target)?;
    Ok(target.map(|target| (policy, target)))
}

/// Moves one message to the dead-letter queue, where it keeps its id, age and receive count.
pub(super) fn move_away(
    session: &mut Session<'_>,
    queue: &Queue,
    target: &Queue,
    seq: i64,
) -> Result<(), Refusal> {
    let group: Option<String> = session.row(
        "UPDATE message SET queue = ?, visible_ms = ?, source = ? WHERE seq = ? RETURNING grp",
        params![target.id, session.now_ms, queue.arn(), seq],
        |row| row.get(0),
    )?;
    let group = group.unwrap_or_default();
    lane::refresh(session, queue, &group)?;
    lane::refresh(session, target, &group)?;
    session.wake(&target.name);
    Ok(())
}

/// The requests about move tasks.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Request {
    source_arn: Option<String>,
    destination_arn: Option<String>,
    max_results: Option<i64>,
}

/// Moves the messages of a dead-letter queue back to where they came from, or to a named queue.
///
/// The whole task is done when the answer goes out. Moved messages are new ones: new id, new age,
/// never received. Those whose source is unknown or gone stay.
pub(super) fn start_move(session: &mut Session<'_>, request: &Request) -> Result<Value, Refusal> {
    let arn = request.source_arn.as_deref().ok_or_else(|| Refusal::missing("SourceArn"))?;
    let source = existing(session, arn)?;
    let destination = match &request.destination_arn {
        Some(arn) => Some(existing(session, arn)?),
        None => None,
    };
    let waiting = session.rows(
        "SELECT seq, grp, source FROM message
         WHERE queue = ?1 AND visible_ms <= ?2 ORDER BY seq LIMIT ?3",
        params![source.id, session.now_ms, MOVE_LIMIT],
        |row| {
            let origin: Option<String> = row.get(2)?;
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, origin))
        },
    )?;
    let mut moved = 0_i64;
    for (seq, group, origin) in waiting {
        let target = match (&destination, origin) {
            (Some(destination), _) => Some(queue::find(session, &destination.name)?),
            (None, Some(origin)) => Some(queue::at_arn(session, &origin)?),
            (None, None) => None,
        };
        let Some(target) = target.flatten() else { continue };
        move_back(session, &source, &target, seq)?;
        lane::refresh(session, &source, &group)?;
        lane::refresh(session, &target, &group)?;
        session.wake(&target.name);
        moved += 1;
    }
    session.execute(
        "INSERT INTO move_task (source, destination, moved, started_ms) VALUES (?, ?, ?, ?)",
        params![arn, request.destination_arn, moved, session.now_ms],
    )?;
    Ok(json!({"TaskHandle": format!("move-{}", session.last_seq())}))
}

fn existing(session: &Session<'_>, arn: &str) -> Result<Queue, Refusal> {
    queue::at_arn(session, arn)?.ok_or_else(|| {
        Refusal::new(Code::ResourceNotFound, "The resource that you specified doesn't exist.")
    })
}

fn move_back(
    session: &Session<'_>,
    source: &Queue,
    target: &Queue,
    seq: i64,
) -> Result<(), Refusal> {
    session.execute(
        "INSERT INTO message (queue, grp, body, attributes, trace, dedup, sent_ms, visible_ms)
         SELECT ?1, grp, body, attributes, trace, dedup, ?2, ?2 FROM message WHERE seq = ?3",
        params![target.id, session.now_ms, seq],
    )?;
    session.execute("DELETE FROM message WHERE seq = ? AND queue = ?", params![seq, source.id])?;
    Ok(())
}

/// Lists the latest move tasks of a queue, newest first.
pub(super) fn list_moves(session: &Session<'_>, request: &Request) -> Result<Value, Refusal> {
    let arn = request.source_arn.as_deref().ok_or_else(|| Refusal::missing("SourceArn"))?;
    existing(session, arn)?;
    let limit = request.max_results.unwrap_or(1).clamp(1, LISTED_TASKS);
    let tasks = session.rows(
        "SELECT source, destination, moved, started_ms FROM move_task
         WHERE source = ? ORDER BY id DESC LIMIT ?",
        params![arn, limit],
        |row| {
            Ok(json!({
                "Status": "COMPLETED",
                "SourceArn": row.get::<_, String>(0)?,
                "DestinationArn": row.get::<_, Option<String>>(1)?,
                "ApproximateNumberOfMessagesMoved": row.get::<_, i64>(2)?,
                "StartedTimestamp": row.get::<_, i64>(3)?,
            }))
        },
    )?;
    Ok(json!({"Results": tasks}))
}
