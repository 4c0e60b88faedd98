//! Adding and removing sources.

use super::{Source, SourceKind, take_characters};
use crate::error::{Error, Result};
use crate::id::SourceId;
use crate::ports::{Clock, Entropy, KnowledgeStore, WorkspaceStore};
use crate::project::Project;
use crate::text::Label;

/// A raw source to add.
#[derive(Debug, Clone)]
pub struct AddSource {
    /// What people call it; the first words of the text where it is absent.
    pub title: Option<String>,
    /// Where it is on the web, if anywhere.
    pub url: Option<String>,
    /// Labels of the owner's.
    pub tags: Vec<String>,
    /// The text: 1–200,000 characters.
    pub text: String,
}

/// The longest raw text, in characters.
const MAX_RAW_CHARS: usize = 200_000;
const MAX_TAGS: usize = 20;
const MAX_URL_CHARS: usize = 2_048;

/// Adds a raw source; it answers questions from the next message on.
///
/// # Errors
/// [`Error::Invalid`] when a field breaks its rule, [`Error::QuotaReached`] when the plan takes no more
/// of it today.
pub async fn add(
    store: &(impl KnowledgeStore + WorkspaceStore),
    env: &(impl Clock + Entropy),
    project: &Project,
    command: AddSource,
) -> Result<Source> {
    let text = command.text.trim();
    let characters = text.chars().count();
    if characters == 0 || characters > MAX_RAW_CHARS {
        return Err(Error::invalid("text", "must be 1 to 200,000 characters"));
    }
    if command.tags.len() > MAX_TAGS {
        return Err(Error::invalid("tags", "must be at most 20"));
    }
    for tag in &command.tags {
        Label::parse("tags", tag)?;
    }
    if command
        .url
        .as_ref()
        .is_some_and(|url| url.len() > MAX_URL_CHARS || url::Url::parse(url).is_err())
    {
        return Err(Error::invalid("url", "must be an absolute URL of at most 2,048 characters"));
    }
    let title = match &command.title {
        Some(title) => Label::parse("title", title)?,
        None => Label::parse("title", &first_words(text))?,
    };
    let now = env.now();
    let source = Source {
        id: SourceId::new(now, env),
        workspace: project.workspace,
        project: project.id,
        kind: SourceKind::Raw,
        title,
        url: command.url,
        tags: command.tags,
        characters: u64::try_from(characters).unwrap_or(u64::MAX),
        created_at: now,
    };
    take_characters(store, env, project.workspace, source.characters).await?;
    store.put_source(&source, text).await?;
    Ok(source)
}

/// Removes a source; it answers nothing from the next message on.
///
/// # Errors
/// [`Error::NotFound`] when the project has no such source.
pub async fn remove(
    store: &impl KnowledgeStore,
    project: &Project,
    source: SourceId,
) -> Result<()> {
    if store.delete_source(project.workspace, project.id, source).await? {
        Ok(())
    } else {
        Err(Error::NotFound)
    }
}

fn first_words(text: &str) -> String {
    let line = text
        .lines()
        .map(|line| line.trim().trim_start_matches('#').trim())
        .find(|line| !line.is_empty());
    let clean = line.unwrap_or("Untitled").chars().filter(|c| !c.is_control());
    clean.take(80).collect()
}
