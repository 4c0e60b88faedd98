//! Batches: the limits on a whole request, and one answer for each of its entries.

use serde::Deserialize;
use serde_json::{Value, json};

use super::queue::{self, Queue};
use super::refusal::{Code, Refusal};
use super::store::Session;
use super::{send, settle};

const MOST_ENTRIES: usize = 10;
const MOST_BYTES: usize = 1_048_576;
const LONGEST_ID: usize = 80;

/// A batch of entries of one kind.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Request<Entry> {
    queue_url: Option<String>,
    #[serde(default = "Vec::new")]
    entries: Vec<Entry>,
}

/// An entry that names itself within its batch.
pub(super) trait Named {
    fn id(&self) -> Option<&str>;
}

impl Named for send::Entry {
    fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }
}

impl Named for settle::Entry {
    fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }
}

/// Refuses messages that are together larger than a request may be.
pub(super) fn check_size(request: &Request<send::Entry>) -> Result<(), Refusal> {
    let sizes = request.entries.iter().map(|entry| entry.size().unwrap_or(0));
    let total: usize = sizes.sum();
    if total > MOST_BYTES {
        let message = format!(
            "Batch requests cannot be longer than {MOST_BYTES} bytes. You have sent {total} bytes."
        );
        return Err(Refusal::new(Code::BatchRequestTooLong, message));
    }
    Ok(())
}

/// Runs every entry; one that is refused does not stop the others.
pub(super) fn run<Entry: Named>(
    session: &mut Session<'_>,
    request: &Request<Entry>,
    one: impl Fn(&mut Session<'_>, &Queue, &Entry) -> Result<Value, Refusal>,
) -> Result<Value, Refusal> {
    let queue = queue::at_url(session, request.queue_url.as_deref())?;
    let ids = check_ids(&request.entries)?;
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for (entry, id) in request.entries.iter().zip(ids) {
        match one(session, &queue, entry) {
            Ok(mut answer) => {
                answer["Id"] = json!(id);
                successful.push(answer);
            }
            Err(refusal) => failed.push(refusal.to_entry(id)),
        }
    }
    let mut answer = json!({"Successful": successful});
    if !failed.is_empty() {
        answer["Failed"] = json!(failed);
    }
    Ok(answer)
}

fn check_ids<Entry: Named>(entries: &[Entry]) -> Result<Vec<&str>, Refusal> {
    if entries.is_empty() {
        let message = "There should be at least one entry in the request.";
        return Err(Refusal::new(Code::EmptyBatchRequest, message));
    }
    if entries.len() > MOST_ENTRIES {
        let message = format!(
            "Maximum number of entries per request are {MOST_ENTRIES}. You have sent {}.",
            entries.len()
        );
        return Err(Refusal::new(Code::TooManyEntriesInBatchRequest, message));
    }
    let mut ids: Vec<&str> = Vec::with_capacity(entries.len());
    for entry in entries {
        let id = entry.id().unwrap_or_default();
        let plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if !plain || id.is_empty() || id.len() > LONGEST_ID {
            let message = "A batch entry id can only contain alphanumeric characters, hyphens and \
                           underscores. It can be at most 80 letters long.";
            return Err(Refusal::new(Code::InvalidBatchEntryId, message));
        }
        if ids.contains(&id) {
            let message = format!("Id {id} repeated.");
            return Err(Refusal::new(Code::BatchEntryIdsNotDistinct, message));
        }
        ids.push(id);
    }
    Ok(ids)
}
