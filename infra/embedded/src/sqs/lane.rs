//! Lanes: one row for each message group that has messages, saying when it is next worth a look.
//!
//! In a FIFO queue a lane is ready when its oldest message is visible and none of its messages is
//! in flight. In a standard queue it is ready when any message is visible; a lane that was just
//! served goes behind those that have been waiting, which is what makes queues fair to groups.

use rusqlite::params;

use super::queue::Queue;
use super::refusal::Refusal;
use super::store::Session;

/// Brings a group's lane in line with its messages.
pub(super) fn refresh(session: &Session<'_>, queue: &Queue, group: &str) -> Result<(), Refusal> {
    let ready = if queue.is_fifo() {
        ready_in_order(session, queue.id, group)?
    } else {
        session
            .row(
                "SELECT min(visible_ms) FROM message WHERE queue = ? AND grp = ?",
                params![queue.id, group],
                |row| row.get::<_, Option<i64>>(0),
            )?
            .flatten()
    };
    let Some(ready_ms) = ready else {
        session
            .execute("DELETE FROM lane WHERE queue = ? AND grp = ?", params![queue.id, group])?;
        return Ok(());
    };
    session.execute(
        "INSERT INTO lane (queue, grp, ready_ms, served_ms, turn) VALUES (?, ?, ?, 0, 0)
         ON CONFLICT (queue, grp) DO UPDATE SET ready_ms = max(excluded.ready_ms, served_ms)",
        params![queue.id, group, ready_ms],
    )?;
    Ok(())
}

fn ready_in_order(session: &Session<'_>, queue: i64, group: &str) -> Result<Option<i64>, Refusal> {
    let head: Option<i64> = session.row(
        "SELECT visible_ms FROM message WHERE queue = ? AND grp = ? ORDER BY seq LIMIT 1",
        params![queue, group],
        |row| row.get(0),
    )?;
    let Some(head_ms) = head else { return Ok(None) };
    let in_flight: Option<i64> = session
        .row(
            "SELECT max(visible_ms) FROM message WHERE queue = ? AND grp = ? AND received > 0",
            params![queue, group],
            |row| row.get(0),
        )?
        .flatten();
    Ok(Some(head_ms.max(in_flight.unwrap_or(head_ms))))
}

/// Brings a group's lane in line after a receive took messages from it.
pub(super) fn serve(
    session: &Session<'_>,
    queue: &Queue,
    group: &str,
    turn: i64,
) -> Result<(), Refusal> {
    session.execute(
        "UPDATE lane SET served_ms = ?, turn = ? WHERE queue = ? AND grp = ?",
        params![session.now_ms, turn, queue.id, group],
    )?;
    refresh(session, queue, group)
}

/// Lists up to `limit` groups worth a look now, those that have waited longest first.
pub(super) fn ready(
    session: &Session<'_>,
    queue: i64,
    limit: usize,
) -> Result<Vec<String>, Refusal> {
    session.rows(
        "SELECT grp FROM lane WHERE queue = ? AND ready_ms <= ? ORDER BY ready_ms, turn LIMIT ?",
        params![queue, session.now_ms, i64::try_from(limit).unwrap_or(i64::MAX)],
        |row| row.get(0),
    )
}

/// Tells the next moment, in milliseconds since the epoch, at which a lane gets ready by itself.
pub(super) fn next_ready_ms(session: &Session<'_>, queue: i64) -> Result<Option<i64>, Refusal> {
    let next = session.row(
        "SELECT min(ready_ms) FROM lane WHERE queue = ? AND ready_ms > ?",
        params![queue, session.now_ms],
        |row| row.get::<_, Option<i64>>(0),
    )?;
    Ok(next.flatten())
}
