//! Receiving: picking visible messages lane by lane, hiding them, and sending worn-out ones away.

use std::collections::BTreeSet;

use rusqlite::{Row, params};
use serde::Deserialize;
use serde_json::{Value, json};

use super::attribute::RedrivePolicy;
use super::content::{self, MessageAttributes};
use super::lane;
use super::queue::{self, Queue};
use super::receipt::Receipt;
use super::redrive;
use super::refusal::Refusal;
use super::send::sequence_number;
use super::store::Session;
use crate::wire::ACCOUNT;

/// The most messages that one receive returns.
const MOST_MESSAGES: usize = 10;
/// How many messages past their retention one receive deletes.
const EXPIRED_BATCH: i64 = 100;

/// A receive request.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Request {
    pub(super) queue_url: Option<String>,
    max_number_of_messages: Option<i64>,
    visibility_timeout: Option<i64>,
    wait_time_seconds: Option<i64>,
    attribute_names: Vec<String>,
    message_system_attribute_names: Vec<String>,
    message_attribute_names: Vec<String>,
}

/// What one look into the queue found.
pub(super) struct Attempt {
    pub(super) messages: Vec<Value>,
    /// The moment, in milliseconds since the epoch, at which something becomes visible by itself.
    pub(super) next_ready_ms: Option<i64>,
    /// How long the request wants to wait altogether, in milliseconds.
    pub(super) wait_ms: i64,
}

/// Looks into the queue once.
pub(super) fn attempt(
    session: &mut Session<'_>,
    request: &Request,
    turn: i64,
) -> Result<Attempt, Refusal> {
    let queue = queue::at_url(session, request.queue_url.as_deref())?;
    let range = |name: &str, value: i64, least: i64, most: i64| {
        if (least..=most).contains(&value) {
            return Ok(value);
        }
        let reason = format!("Must be >= {least} and <= {most}, if provided.");
        Err(Refusal::parameter(name, &value.to_string(), &reason))
    };
    let wanted = request.max_number_of_messages.unwrap_or(1);
    let wanted = range("MaxNumberOfMessages", wanted, 1, MOST_MESSAGES as i64)?;
    let wanted = usize::try_from(wanted).unwrap_or(MOST_MESSAGES);
    let hidden_s = request.visibility_timeout.unwrap_or_else(|| queue.number("VisibilityTimeout"));
    let hidden_s = range("VisibilityTimeout", hidden_s, 0, 43_200)?;
    let wait_s =
        request.wait_time_seconds.unwrap_or_else(|| queue.number("ReceiveMessageWaitTimeSeconds"));
    let wait_s = range("WaitTimeSeconds", wait_s, 0, 20)?;

    delete_expired(session, &queue)?;
    let taker = Taker {
        request,
        policy: redrive::policy(session, &queue)?,
        visible_ms: session.now_ms + hidden_s * 1000,
        turn,
        queue,
    };
    let messages = taker.take(session, wanted)?;
    let next_ready_ms = match messages.is_empty() {
        true => lane::next_ready_ms(session, taker.queue.id)?,
        false => None,
    };
    Ok(Attempt { messages, next_ready_ms, wait_ms: wait_s * 1000 })
}

/// Deletes messages that are past the queue's retention, oldest first, a bounded number at a time.
fn delete_expired(session: &mut Session<'_>, queue: &Queue) -> Result<(), Refusal> {
    let oldest_ms = session.now_ms - queue.number("MessageRetentionPeriod") * 1000;
    let expired = session.rows(
        "SELECT seq, grp FROM message WHERE queue = ? AND sent_ms < ? ORDER BY sent_ms LIMIT ?",
        params![queue.id, oldest_ms, EXPIRED_BATCH],
        |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)),
    )?;
    for (seq, group) in expired {
        session.execute("DELETE FROM message WHERE seq = ?", [seq])?;
        lane::refresh(session, queue, &group)?;
    }
    Ok(())
}

/// A message that a lane offers.
struct Candidate {
    lane: usize,
    seq: i64,
    received: i64,
}

struct Taker<'a> {
    request: &'a Request,
    queue: Queue,
    /// The policy and the queue of messages that were received too often.
    policy: Option<(RedrivePolicy, Queue)>,
    /// When the taken messages become visible again.
    visible_ms: i64,
    turn: i64,
}

impl Taker<'_> {
    fn take(&self, session: &mut Session<'_>, wanted: usize) -> Result<Vec<Value>, Refusal> {
        loop {
            let groups = lane::ready(session, self.queue.id, wanted)?;
            let mut lanes = Vec::with_capacity(groups.len());
            for (lane, group) in groups.iter().enumerate() {
                lanes.push(self.candidates(session, lane, group, wanted)?);
            }
            let picked: Vec<Candidate> = if self.queue.is_fifo() {
                lanes.into_iter().flatten().take(wanted).collect()
            } else {
                in_turns(lanes, wanted)
            };
            let mut messages = Vec::with_capacity(picked.len());
            let mut served = BTreeSet::new();
            let mut moved = false;
            for candidate in picked {
                served.insert(candidate.lane);
                match &self.policy {
                    Some((policy, target)) if candidate.received >= policy.max_receives => {
                        redrive::move_away(session, &self.queue, target, candidate.seq)?;
                        moved = true;
                    }
                    _ => messages.push(self.deliver(session, candidate.seq)?),
                }
            }
            for lane in served {
                lane::serve(session, &self.queue, &groups[lane], self.turn)?;
            }
            // When all that was found had to go, others may stand behind it.
            if !messages.is_empty() || !moved {
                return Ok(messages);
            }
        }
    }

    fn candidates(
        &self,
        session: &Session<'_>,
        lane: usize,
        group: &str,
        wanted: usize,
    ) -> Result<Vec<Candidate>, Refusal> {
        let limit = i64::try_from(wanted).unwrap_or(i64::MAX);
        let read = |row: &Row<'_>| {
            let candidate = Candidate { lane, seq: row.get(0)?, received: row.get(1)? };
            Ok((candidate, row.get::<_, i64>(2)?))
        };
        let rows = if self.queue.is_fifo() {
            session.rows(
                "SELECT seq, received, visible_ms FROM message INDEXED BY message_in_order
                 WHERE queue = ? AND grp = ? ORDER BY seq LIMIT ?",
                params![self.queue.id, group, limit],
                read,
            )?
        } else {
            session.rows(
                "SELECT seq, received, visible_ms FROM message INDEXED BY message_by_visibility
                 WHERE queue = ? AND grp = ? AND visible_ms <= ? ORDER BY visible_ms, seq LIMIT ?",
                params![self.queue.id, group, session.now_ms, limit],
                read,
            )?
        };
        // In order: a delayed message holds back all behind it.
        let visible = rows.into_iter().take_while(|(_, visible_ms)| *visible_ms <= session.now_ms);
        Ok(visible.map(|(candidate, _)| candidate).collect())
    }

    fn deliver(&self, session: &Session<'_>, seq: i64) -> Result<Value, Refusal> {
        let taken = session.row(
            "UPDATE message SET received = received + 1, visible_ms = ?2,
                first_ms = coalesce(first_ms, ?3)
             WHERE seq = ?1
             RETURNING grp, body, attributes, trace, dedup, source, sent_ms, received, first_ms",
            params![seq, self.visible_ms, session.now_ms],
            Taken::read,
        )?;
        let taken = taken.ok_or_else(|| Refusal::from(rusqlite::Error::QueryReturnedNoRows))?;
        let receipt = Receipt { queue: self.queue.id, seq, received: taken.received };
        let mut message = json!({
            "MessageId": session.message_id(seq),
            "ReceiptHandle": receipt.to_handle(session.salt),
            "MD5OfBody": content::body_md5(&taken.body),
            "Body": taken.body,
        });
        let system = taken.system_attributes(self.request, &self.queue, seq);
        if !system.is_empty() {
            message["Attributes"] = Value::Object(system);
        }
        let attributes = taken.wanted_attributes(&self.request.message_attribute_names);
        if let Some(md5) = content::attributes_md5(&attributes) {
            message["MD5OfMessageAttributes"] = json!(md5);
            message["MessageAttributes"] = json!(attributes);
        }
        Ok(message)
    }
}

/// Takes one message from each lane in turn until there are enough.
fn in_turns(lanes: Vec<Vec<Candidate>>, wanted: usize) -> Vec<Candidate> {
    let mut lanes: Vec<_> = lanes.into_iter().map(Vec::into_iter).collect();
    let mut picked = Vec::with_capacity(wanted);
    loop {
        let before = picked.len();
        for lane in &mut lanes {
            if picked.len() < wanted {
                picked.extend(lane.next());
            }
        }
        if picked.len() == before {
            return picked;
        }
    }
}

/// A message's row after it was taken.
struct Taken {
    group: String,
    body: String,
    attributes: Option<String>,
    trace: Option<String>,
    dedup: Option<String>,
    source: Option<String>,
    sent_ms: i64,
    received: i64,
    first_ms: i64,
}

impl Taken {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            group: row.get(0)?,
            body: row.get(1)?,
            attributes: row.get(2)?,
            trace: row.get(3)?,
            dedup: row.get(4)?,
            source: row.get(5)?,
            sent_ms: row.get(6)?,
            received: row.get(7)?,
            first_ms: row.get(8)?,
        })
    }

    fn system_attributes(
        &self,
        request: &Request,
        queue: &Queue,
        seq: i64,
    ) -> serde_json::Map<String, Value> {
        let group = (!self.group.is_empty()).then(|| self.group.clone());
        let sequence = queue.is_fifo().then(|| sequence_number(seq));
        let all = [
            ("SenderId", Some(ACCOUNT.to_owned())),
            ("SentTimestamp", Some(self.sent_ms.to_string())),
            ("ApproximateReceiveCount", Some(self.received.to_string())),
            ("ApproximateFirstReceiveTimestamp", Some(self.first_ms.to_string())),
            ("MessageGroupId", group),
            ("MessageDeduplicationId", self.dedup.clone()),
            ("SequenceNumber", sequence),
            ("AWSTraceHeader", self.trace.clone()),
            ("DeadLetterQueueSourceArn", self.source.clone()),
        ];
        let asked: Vec<&String> =
            request.attribute_names.iter().chain(&request.message_system_attribute_names).collect();
        let is_asked = |name: &str| asked.iter().any(|asked| *asked == name || *asked == "All");
        all.into_iter()
            .filter(|(name, _)| is_asked(name))
            .filter_map(|(name, value)| Some((name.to_owned(), json!(value?))))
            .collect()
    }

    /// The attributes that were asked for, by name, by prefix (`foo.*`) or all of them.
    fn wanted_attributes(&self, asked: &[String]) -> MessageAttributes {
        let Some(text) = self.attributes.as_ref().filter(|_| !asked.is_empty()) else {
            return MessageAttributes::new();
        };
        let mut attributes: MessageAttributes = serde_json::from_str(text).unwrap_or_default();
        attributes.retain(|name, _| {
            asked.iter().any(|asked| {
                asked == "All"
                    || asked == name
                    || asked.strip_suffix(".*").is_some_and(|prefix| name.starts_with(prefix))
            })
        });
        attributes
    }
}
