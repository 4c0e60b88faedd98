//! Taking knowledge in: claim, fetch, read, record, publish. Safe to run twice, at once or again.

use std::time::Duration;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::add::{ask, url_title};
use super::content::{self, MAX_CONTENT_BYTES, Part};
use super::gather::{self, Gathered, Trouble};
use super::publish::publish;
use super::quota::{self, take_characters};
use super::source::{NewContent, Origin, Source, SourceClaim, SourceState, SourceUpdate};
use super::upload;
use crate::app::App;
use crate::error::{Error, Result};
use crate::id::{SourceId, base32};
use crate::message::Lease;
use crate::outbox::IngestionJob;
use crate::ports::{
    Clock, Extract, Fetch, KnowledgeIndex, KnowledgeStore, Objects, Ports, WorkspaceStore,
};
use crate::reply;
use crate::text::Label;
use crate::webhook::{self, Drafts};

/// What a worker brings along.
#[derive(Debug)]
pub struct IngestionTools<'a, F, X, I> {
    /// The way to pages of others.
    pub fetch: &'a F,
    /// From files to texts.
    pub extract: &'a X,
    /// What builds an index.
    pub index: &'a I,
}

/// Bounds of one worker.
#[derive(Debug, Clone)]
pub struct IngestionSettings {
    /// Unique to this invocation.
    pub holder: String,
    /// The runtime's epoch (see [`Lease::epoch`]).
    pub epoch: u64,
    /// How long the worker may take.
    pub lease: Duration,
}

/// What became of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ingested {
    /// It is done, now or earlier.
    Done,
    /// Another worker has it; look again then.
    Busy {
        /// When that worker's lease ends.
        until: Timestamp,
    },
    /// It has to be tried again.
    Again,
}

/// Workers that may break on one source, or meet a passing trouble, before it counts as failed.
const MAX_ATTEMPTS: u32 = 4;
/// What is left of a worker's time for writing down how it went.
const MARGIN: Duration = Duration::from_secs(20);

/// Does one job of ingestion.
///
/// # Errors
/// When a store fails; the job is then to be tried again.
pub async fn ingest<P: Ports, F: Fetch, X: Extract, I: KnowledgeIndex>(
    app: &App<P>,
    tools: &IngestionTools<'_, F, X, I>,
    job: &IngestionJob,
    settings: &IngestionSettings,
) -> Result<Ingested> {
    match job.source_id {
        Some(source) => take_in(app, tools, (job, source), settings).await,
        None => publish(app, tools, job, settings).await,
    }
}

async fn take_in<P: Ports, F: Fetch, X: Extract, I: KnowledgeIndex>(
    app: &App<P>,
    tools: &IngestionTools<'_, F, X, I>,
    (job, source): (&IngestionJob, SourceId),
    settings: &IngestionSettings,
) -> Result<Ingested> {
    let now = app.now();
    let until = now + settings.lease;
    let lease = Lease { holder: settings.holder.clone(), epoch: settings.epoch, now, until };
    let claim = app.store.claim_source(job.workspace_id, job.project_id, source, &lease).await?;
    let (source, attempts, fence) = match claim {
        SourceClaim::Yes { source, attempts, fence } => (source, attempts, fence),
        SourceClaim::Busy { until } => return Ok(Ingested::Busy { until }),
        SourceClaim::Finished => return Ok(Ingested::Done),
    };
    let gathered = if attempts > MAX_ATTEMPTS {
        Err(Trouble::lasting("it could not be read: reading it broke off again and again"))
    } else {
        let stop_at = until.checked_sub(MARGIN).unwrap_or(until);
        gather::gather(app, tools.fetch, tools.extract, &source, stop_at).await?
    };
    let update = match gathered {
        Ok(gathered) => settled(app, &source, gathered).await?,
        Err(trouble) if trouble.passing && attempts < MAX_ATTEMPTS => {
            let update = update(app, &source, SourceState::Queued, Some(trouble.reason));
            app.store.record_source(&source, fence, &update).await?;
            return Ok(Ingested::Again);
        }
        Err(trouble) => update(app, &source, SourceState::Failed, Some(trouble.reason)),
    };
    let deliveries = told(app, &source, &update).await?;
    let update = SourceUpdate { deliveries, ..update };
    let recorded = app.store.record_source(&source, fence, &update).await?;
    clean_up(app, &source, &update, recorded).await;
    if recorded {
        reply::announce(app, &update.deliveries).await;
    }
    if recorded && update.state == SourceState::Indexing {
        ask(app, &source, None).await;
    }
    Ok(Ingested::Done)
}

/// A failure is told at once; what succeeds is told when it can be found, and what did not change never.
async fn told<P: Ports>(app: &App<P>, source: &Source, update: &SourceUpdate) -> Result<Drafts> {
    if update.state != SourceState::Failed {
        return Ok(Drafts::new());
    }
    let project = app.store.project(source.workspace, source.project).await?;
    let Some(project) = project else { return Ok(Drafts::new()) };
    let brand = webhook::knowledge_brand(app, &project).await?;
    let fact = source.fact(SourceState::Failed, source.chunks.unwrap_or(0));
    Ok(webhook::of_knowledge(app, (&project, brand.as_ref()), fact))
}

fn update<P: Ports>(
    app: &App<P>,
    source: &Source,
    state: SourceState,
    reason: Option<String>,
) -> SourceUpdate {
    let at = app.now();
    let next_at = source.refresh_seconds.map(|seconds| at + Duration::from_secs(seconds));
    SourceUpdate {
        state,
        reason,
        left_out: source.left_out.clone(),
        title: None,
        content: None,
        etag: source.etag.clone(),
        next_at,
        at,
        due: at + Duration::from_millis(app.settings.outbox_grace_ms),
        deliveries: Drafts::new(),
    }
}

/// Writes new content into the object store, under a name that its bytes give it.
async fn settled<P: Ports>(
    app: &App<P>,
    source: &Source,
    gathered: Gathered,
) -> Result<SourceUpdate> {
    let Gathered::New { parts, title, etag, left_out, rows } = gathered else {
        return Ok(unchanged(app, source));
    };
    let characters = parts.iter().map(|part| part.text.chars().count()).sum::<usize>();
    if !parts.iter().any(|part| part.text.chars().any(char::is_alphanumeric)) {
        let reason = "no text was found in it".to_owned();
        return Ok(update(app, source, SourceState::Failed, Some(reason)));
    }
    let bytes = parts.iter().map(|part| part.text.len()).sum::<usize>();
    if bytes > MAX_CONTENT_BYTES / 2 {
        let reason = "it holds more than 64 MB of text; split it".to_owned();
        return Ok(update(app, source, SourceState::Failed, Some(reason)));
    }
    let (object, encoded) = encoded(source, &parts)?;
    if source.content.as_deref() == Some(object.as_str()) {
        let reason = left_out.clone();
        return Ok(SourceUpdate { etag, left_out, reason, ..unchanged(app, source) });
    }
    let characters = u64::try_from(characters).map_err(Error::internal)?;
    match take_characters(&app.store, app, source.workspace, characters).await {
        Ok(()) => {}
        Err(Error::QuotaReached { limit, .. }) => {
            let reason = quota::reason(characters, limit);
            return Ok(update(app, source, SourceState::Failed, Some(reason)));
        }
        Err(error) => return Err(error),
    }
    app.objects.put(&object, encoded).await?;
    Ok(SourceUpdate {
        title: title.and_then(|title| adopted(source, &title)),
        content: Some(NewContent { object, characters, rows }),
        etag,
        left_out: left_out.clone(),
        ..update(app, source, SourceState::Indexing, left_out)
    })
}

/// It says what it said before. Where that is in no index (it was asked for again while one was published,
/// or there was no room), one is owed again.
fn unchanged<P: Ports>(app: &App<P>, source: &Source) -> SourceUpdate {
    let is_indexed = source.chunks.is_some();
    let state = if is_indexed { SourceState::Ready } else { SourceState::Indexing };
    update(app, source, state, source.left_out.clone())
}

fn encoded(source: &Source, parts: &[Part]) -> Result<(String, Vec<u8>)> {
    let encoded = content::encode(parts)?;
    let digest = base32(&Sha256::digest(&encoded)[..20]);
    Ok((upload::content_object(source, &digest), encoded))
}

/// The title that the content tells, where its owner gave none.
fn adopted(source: &Source, title: &str) -> Option<Label> {
    let given = match &source.origin {
        Origin::Url { url, .. } => source.title.as_str() != url_title(url),
        Origin::Drive { .. } => source.title.as_str() != "Shared document",
        Origin::Raw | Origin::File { .. } | Origin::Github { .. } => true,
    };
    let clean: String = title.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let clean = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    let clean: String = clean.chars().take(120).collect();
    if given { None } else { Label::parse("title", &clean).ok() }
}

/// Deletes what nothing names any more: an upload that was read, content that was replaced or lost.
async fn clean_up<P: Ports>(app: &App<P>, source: &Source, update: &SourceUpdate, recorded: bool) {
    let new = update.content.as_ref().map(|content| &content.object);
    let upload = match &source.origin {
        Origin::File { object, .. } => Some(object),
        Origin::Raw | Origin::Url { .. } | Origin::Github { .. } | Origin::Drive { .. } => None,
    };
    // An index that is being built may still read the content before; it then goes without it, and
    // the one that is owed now has the new.
    let old = source.content.as_ref().filter(|_| new.is_some());
    let idle: Vec<&String> = if recorded {
        upload.into_iter().chain(old).collect()
    } else {
        match new {
            Some(new) if is_idle(app, source, new).await => vec![new],
            Some(_) | None => Vec::new(),
        }
    };
    for object in idle {
        if let Err(error) = app.objects.delete(object).await {
            tracing::warn!(source_id = %source.id, %error, "an object stays that nothing names");
        }
    }
}

/// Whether nothing names content that was not recorded: its source was deleted meanwhile, or says something
/// else. A worker that is at it now may be about to name the very same.
async fn is_idle<P: Ports>(app: &App<P>, source: &Source, object: &str) -> bool {
    match app.store.source(source.workspace, source.project, source.id).await {
        Ok(None) => true,
        Ok(Some(now)) => match now.state {
            SourceState::Queued | SourceState::Fetching => false,
            SourceState::Indexing | SourceState::Ready | SourceState::Failed => {
                now.content.as_deref() != Some(object)
            }
        },
        Err(error) => {
            tracing::warn!(source_id = %source.id, %error, "content may stay that nothing names");
            false
        }
    }
}
