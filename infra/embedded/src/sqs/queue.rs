//! Queues: creating, finding, describing, changing, emptying and deleting them.

use rusqlite::{Row, params};
use serde::Deserialize;
use serde_json::{Value, json};

use super::attribute::{self, Attributes, RedrivePolicy};
use super::refusal::{Code, Refusal};
use super::store::Session;
use crate::wire::{ACCOUNT, REGION};

/// How many queues one page of a list holds.
const PAGE: usize = 1000;
const FIFO_SUFFIX: &str = ".fifo";

/// A queue as it is stored.
#[derive(Debug)]
pub(super) struct Queue {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) attributes: Attributes,
    created_ms: i64,
    modified_ms: i64,
}

impl Queue {
    pub(super) fn is_fifo(&self) -> bool {
        self.name.ends_with(FIFO_SUFFIX)
    }

    pub(super) fn number(&self, attribute: &str) -> i64 {
        attribute::number(&self.attributes, attribute)
    }

    pub(super) fn is_set(&self, attribute: &str, value: &str) -> bool {
        self.attributes.get(attribute).is_some_and(|set| set == value)
    }

    pub(super) fn redrive_policy(&self) -> Option<RedrivePolicy> {
        self.attributes.get("RedrivePolicy").and_then(|text| RedrivePolicy::parse(text))
    }

    pub(super) fn arn(&self) -> String {
        format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{}", self.name)
    }

    fn url(&self) -> String {
        format!("https://sqs.embedded.invalid/{ACCOUNT}/{}", self.name)
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let attributes: String = row.get(2)?;
        let attributes = serde_json::from_str(&attributes).map_err(|cause| {
            rusqlite::Error::FromSqlConversionFailure(2, rusqlite::types::Type::Text, cause.into())
        })?;
        Ok(Self {
            id: row.get(0)?,
            name: row.get(1)?,
            attributes,
            created_ms: row.get(3)?,
            modified_ms: row.get(4)?,
        })
    }
}

/// The name at the end of a queue's URL.
pub(super) fn name_in_url(url: &str) -> &str {
    url.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
}

/// Finds a queue by its name.
pub(super) fn find(session: &Session<'_>, name: &str) -> Result<Option<Queue>, Refusal> {
    let sql = "SELECT id, name, attributes, created_ms, modified_ms FROM queue WHERE name = ?";
    session.row(sql, [name], Queue::read)
}

/// Finds the queue of a URL.
pub(super) fn at_url(session: &Session<'_>, url: Option<&str>) -> Result<Queue, Refusal> {
    let url = url.ok_or_else(|| Refusal::missing("QueueUrl"))?;
    find(session, name_in_url(url))?.ok_or_else(Refusal::no_queue)
}

/// Finds the queue of an ARN.
pub(super) fn at_arn(session: &Session<'_>, arn: &str) -> Result<Option<Queue>, Refusal> {
    find(session, arn.rsplit(':').next().unwrap_or_default())
}

/// The requests about whole queues; each operation reads its part.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Request {
    queue_name: Option<String>,
    queue_url: Option<String>,
    queue_name_prefix: Option<String>,
    attributes: Attributes,
    attribute_names: Vec<String>,
}

/// Creates a queue, or finds the one with the same attributes.
pub(super) fn create(session: &mut Session<'_>, request: Request) -> Result<Value, Refusal> {
    let name = request.queue_name.ok_or_else(|| Refusal::missing("QueueName"))?;
    let is_fifo = name.ends_with(FIFO_SUFFIX);
    let stem = name.strip_suffix(FIFO_SUFFIX).unwrap_or(&name);
    let is_plain = stem.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if stem.is_empty() || name.len() > 80 || !is_plain {
        let reason = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 \
                      in length";
        return Err(Refusal::parameter("QueueName", &name, reason));
    }
    if is_fifo != request.attributes.contains_key("FifoQueue") {
        let reason = "The name of a FIFO queue, and only that, ends with the .fifo suffix.";
        return Err(Refusal::parameter("QueueName", &name, reason));
    }
    attribute::check(&request.attributes, is_fifo)?;
    check_redrive(session, &request.attributes, is_fifo)?;
    if let Some(existing) = find(session, &name)? {
        refuse_conflict(&existing, &request.attributes)?;
        return Ok(json!({"QueueUrl": existing.url()}));
    }
    session.execute(
        "INSERT INTO queue (name, attributes, created_ms, modified_ms) VALUES (?1, ?2, ?3, ?3)",
        params![name, json!(request.attributes).to_string(), session.now_ms],
    )?;
    let queue = find(session, &name)?.ok_or_else(Refusal::no_queue)?;
    Ok(json!({"QueueUrl": queue.url()}))
}

fn refuse_conflict(existing: &Queue, given: &Attributes) -> Result<(), Refusal> {
    let current = attribute::with_defaults(&existing.attributes, existing.is_fifo());
    for (name, value) in given {
        if current.get(name) != Some(value) {
            let message = format!(
                "A queue already exists with the same name and a different value for attribute \
                 {name}"
            );
            return Err(Refusal::new(Code::QueueNameExists, message));
        }
    }
    Ok(())
}

fn check_redrive(session: &Session<'_>, given: &Attributes, is_fifo: bool) -> Result<(), Refusal> {
    let Some(text) = given.get("RedrivePolicy").filter(|text| !text.is_empty()) else {
        return Ok(());
    };
    let target = match RedrivePolicy::parse(text) {
        Some(policy) => at_arn(session, &policy.target)?,
        None => None,
    };
    match target {
        None => {
            let reason = "Dead letter target does not exist.";
            Err(Refusal::parameter("RedrivePolicy", text, reason))
        }
        Some(target) if target.is_fifo() != is_fifo => {
            let reason = "Dead-letter queue must be same type of queue as the source.";
            Err(Refusal::parameter("RedrivePolicy", text, reason))
        }
        Some(_) => Ok(()),
    }
}

/// Finds a queue's URL by its name.
pub(super) fn url(session: &Session<'_>, request: &Request) -> Result<Value, Refusal> {
    let name = request.queue_name.as_deref().ok_or_else(|| Refusal::missing("QueueName"))?;
    let queue = find(session, name)?.ok_or_else(Refusal::no_queue)?;
    Ok(json!({"QueueUrl": queue.url()}))
}

/// Lists the URLs of up to 1,000 queues whose names begin with a prefix.
pub(super) fn list(session: &Session<'_>, request: &Request) -> Result<Value, Refusal> {
    let prefix = request.queue_name_prefix.as_deref().unwrap_or_default();
    let sql = "SELECT id, name, attributes, created_ms, modified_ms FROM queue ORDER BY name";
    let mut urls = Vec::new();
    for queue in session.rows(sql, [], Queue::read)? {
        if queue.name.starts_with(prefix) && urls.len() < PAGE {
            urls.push(queue.url());
        }
    }
    Ok(json!({"QueueUrls": urls}))
}

/// Describes a queue by the attributes that were asked for.
pub(super) fn describe(session: &Session<'_>, request: &Request) -> Result<Value, Refusal> {
    let queue = at_url(session, request.queue_url.as_deref())?;
    if let Some(unknown) = request.attribute_names.iter().find(|name| !attribute::is_known(name)) {
        let message = format!("Unknown Attribute {unknown}.");
        return Err(Refusal::new(Code::InvalidAttributeName, message));
    }
    let mut all = attribute::with_defaults(&queue.attributes, queue.is_fifo());
    all.retain(|_, value| !value.is_empty());
    all.insert("QueueArn".to_owned(), queue.arn());
    all.insert("CreatedTimestamp".to_owned(), (queue.created_ms / 1000).to_string());
    all.insert("LastModifiedTimestamp".to_owned(), (queue.modified_ms / 1000).to_string());
    count(session, &queue, &mut all)?;
    if !request.attribute_names.iter().any(|name| name == "All") {
        all.retain(|name, _| request.attribute_names.contains(name));
    }
    Ok(json!({"Attributes": all}))
}

fn count(session: &Session<'_>, queue: &Queue, all: &mut Attributes) -> Result<(), Refusal> {
    let counts = session.row(
        "SELECT count(*), count(*) FILTER (WHERE visible_ms > ?2 AND received > 0),
                count(*) FILTER (WHERE visible_ms > ?2 AND received = 0)
         FROM message WHERE queue = ?1",
        params![queue.id, session.now_ms],
        |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?)),
    )?;
    let (messages, in_flight, delayed) = counts.unwrap_or_default();
    let visible = messages - in_flight - delayed;
    for (name, number) in [
        ("ApproximateNumberOfMessages", visible),
        ("ApproximateNumberOfMessagesNotVisible", in_flight),
        ("ApproximateNumberOfMessagesDelayed", delayed),
    ] {
        all.insert(name.to_owned(), number.to_string());
    }
    Ok(())
}

/// Changes a queue's attributes; an empty value takes a policy away.
pub(super) fn change(session: &mut Session<'_>, request: Request) -> Result<Value, Refusal> {
    let queue = at_url(session, request.queue_url.as_deref())?;
    attribute::check(&request.attributes, queue.is_fifo())?;
    check_redrive(session, &request.attributes, queue.is_fifo())?;
    let mut attributes = queue.attributes;
    attributes.extend(request.attributes);
    session.execute(
        "UPDATE queue SET attributes = ?, modified_ms = ? WHERE id = ?",
        params![json!(attributes).to_string(), session.now_ms, queue.id],
    )?;
    Ok(json!({}))
}

/// Deletes every message of a queue.
pub(super) fn purge(session: &mut Session<'_>, request: &Request) -> Result<Value, Refusal> {
    let queue = at_url(session, request.queue_url.as_deref())?;
    session.execute("DELETE FROM message WHERE queue = ?", [queue.id])?;
    session.execute("DELETE FROM lane WHERE queue = ?", [queue.id])?;
    Ok(json!({}))
}

/// Deletes a queue with its messages; a waiting receiver is told at once.
pub(super) fn delete(session: &mut Session<'_>, request: &Request) -> Result<Value, Refusal> {
    let queue = at_url(session, request.queue_url.as_deref())?;
    for sql in [
        "DELETE FROM message WHERE queue = ?",
        "DELETE FROM lane WHERE queue = ?",
        "DELETE FROM dedup WHERE queue = ?",
        "DELETE FROM queue WHERE id = ?",
    ] {
        session.execute(sql, [queue.id])?;
    }
    session.wake(&queue.name);
    Ok(json!({}))
}
