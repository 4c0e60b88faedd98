//! Adding a source.

use super::fields::FieldNames;
use super::gather::{drive_file, github_repository};
use super::quota::take_characters;
use super::room;
use super::search::answers_at_once;
use super::source::{Crawl, Origin, Source, SourceKind, SourceState};
use super::upload::{self, MAX_FILE_BYTES};
use crate::app::App;
use crate::egress;
use crate::error::{Error, Result};
use crate::id::{SourceId, UploadId};
use crate::outbox::IngestionJob;
use crate::ports::{Clock, Entropy, KnowledgeStore, Objects, Ports, Queue};
use crate::project::Project;
use crate::text::Label;

/// A source to add.
#[derive(Debug, Clone)]
pub struct AddSource {
    /// What people call it; taken from its content where it is absent.
    pub title: Option<String>,
    /// Where it is on the web, if anywhere; a page's own address otherwise.
    pub url: Option<String>,
    /// Labels of the owner's.
    pub tags: Vec<String>,
    /// How often it is fetched again, in seconds: an hour to 30 days.
    pub refresh_seconds: Option<u64>,
    /// Its content, or where that is.
    pub what: NewSource,
    /// How the caller writes its fields.
    pub fields: FieldNames,
}

/// The content of a source to add, or where that is.
#[derive(Debug, Clone)]
pub enum NewSource {
    /// The text: 1–200,000 characters.
    Raw(String),
    /// A public page.
    Url {
        /// Its address.
        url: String,
        /// Which further pages are taken.
        crawl: Option<CrawlWish>,
    },
    /// A file that came with the request.
    File {
        /// Its name.
        name: String,
        /// Its bytes: up to 100 MB.
        bytes: Vec<u8>,
    },
    /// A table that came with the request; each row is a passage.
    Spreadsheet {
        /// Its name.
        name: String,
        /// Its bytes: up to 100 MB.
        bytes: Vec<u8>,
        /// Rows that are taken; the rest is counted.
        max_rows: u64,
    },
    /// A file that was uploaded before.
    Upload {
        /// Its name.
        name: String,
        /// What the upload was called.
        upload: String,
    },
    /// A repository on GitHub.
    Github {
        /// `owner/name`, or the repository's address.
        repository: String,
        /// The branch; the default one where it is absent.
        branch: Option<String>,
        /// A folder, a file or a glob.
        path: Option<String>,
    },
    /// A document on Google Drive.
    Drive {
        /// Its share link, or its id.
        link: String,
    },
}

/// Which pages a crawl takes.
#[derive(Debug, Clone, Default)]
pub struct CrawlWish {
    /// The address of a sitemap; without one, links are followed.
    pub sitemap: Option<String>,
    /// What each address must begin with; the folder of the first page where it is absent.
    pub prefix: Option<String>,
    /// Pages at most: 1–200; 20 where it is absent.
    pub max_pages: Option<u64>,
}

/// The longest raw text, in characters.
const MAX_RAW_CHARS: usize = 200_000;
const MAX_TAGS: usize = 20;
const MAX_URL_CHARS: usize = 2_048;
const MAX_NAME_CHARS: usize = 255;
const MAX_PATH_CHARS: usize = 1_024;
const MAX_PAGES: u64 = 200;
const DEFAULT_PAGES: u64 = 20;
/// The shortest and longest time between two fetches, in seconds.
const REFRESH_SECONDS: std::ops::RangeInclusive<u64> = 3_600..=2_592_000;

/// Adds a source. A raw one answers questions from the next message on, while the project's knowledge is
/// small; any other is fetched by a worker and answers when it is ready.
///
/// # Errors
/// [`Error::Invalid`] when a field breaks its rule, or names what this deployment cannot read;
/// [`Error::QuotaReached`] when the plan takes no more of it today; [`Error::Conflict`] when the project
/// has no room for more.
pub async fn add<P: Ports>(
    app: &App<P>,
    env: &(impl Clock + Entropy),
    project: &Project,
    command: AddSource,
) -> Result<Source> {
    let now = env.now();
    check(&command)?;
    let id = SourceId::new(now, env);
    let title = match &command.title {
        Some(title) => Label::parse("title", title)?,
        None => Label::parse("title", &proposed_title(&command.what))?,
    };
    let mut source = Source {
        id,
        workspace: project.workspace,
        project: project.id,
        kind: kind(&command.what),
        title,
        url: command.url,
        tags: command.tags,
        origin: Origin::Raw,
        state: SourceState::Queued,
        reason: None,
        left_out: None,
        unplaced: false,
        progress: None,
        characters: 0,
        words: None,
        rows: None,
        chunks: None,
        content: None,
        etag: None,
        refresh_seconds: command.refresh_seconds,
        created_at: now,
        updated_at: now,
    };
    let due = now + std::time::Duration::from_millis(app.settings.outbox_grace_ms);
    if let NewSource::Raw(text) = &command.what {
        let text = text.trim();
        source.characters = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
        source.words = u64::try_from(text.split_whitespace().count()).ok();
        source.state = if answers_at_once(project, source.characters) {
            SourceState::Ready
        } else {
            SourceState::Indexing
        };
        room::check(project, source.characters)?;
        take_characters(&app.store, env, project.workspace, source.characters).await?;
        app.store.put_source(&source, text, due).await?;
        ask(app, &source, None).await;
        return Ok(source);
    }
    room::check(project, 0)?;
    source.origin = origin(app, (project, id), command.what, &command.fields).await?;
    if let Origin::Url { url, .. } = &source.origin {
        source.url.get_or_insert_with(|| url.clone());
    }
    app.store.queue_source(&source, due).await?;
    ask(app, &source, Some(source.id)).await;
    Ok(source)
}

/// Tells the queue. What it loses, the sweep sends again.
pub(super) async fn ask<P: Ports>(app: &App<P>, about: &Source, source: Option<SourceId>) {
    let job = IngestionJob {
        workspace_id: about.workspace,
        project_id: about.project,
        source_id: source,
    };
    let round = u64::try_from(app.now().as_millisecond()).unwrap_or(0);
    if let Err(error) = app.queue.send_ingestion(&job, round).await {
        tracing::warn!(source_id = %about.id, %error, "left to the sweep");
    }
}

fn kind(what: &NewSource) -> SourceKind {
    match what {
        NewSource::Raw(_) => SourceKind::Raw,
        NewSource::Url { .. } => SourceKind::Url,
        NewSource::File { .. } | NewSource::Upload { .. } => SourceKind::File,
        NewSource::Spreadsheet { .. } => SourceKind::Spreadsheet,
        NewSource::Github { .. } => SourceKind::Github,
        NewSource::Drive { .. } => SourceKind::Drive,
    }
}

fn check(command: &AddSource) -> Result<()> {
    if command.tags.len() > MAX_TAGS {
        return Err(Error::invalid("tags", "must be at most 20"));
    }
    for tag in &command.tags {
        Label::parse("tags", tag)?;
    }
    let is_no_url = |url: &String| url.len() > MAX_URL_CHARS || url::Url::parse(url).is_err();
    if command.url.as_ref().is_some_and(is_no_url) {
        let problem = "must be an absolute URL of at most 2,048 characters";
        return Err(Error::invalid("url", problem));
    }
    if let Some(seconds) = command.refresh_seconds {
        let field = command.fields.refresh_seconds;
        if !REFRESH_SECONDS.contains(&seconds) {
            return Err(Error::invalid(field, "must be from 3,600 to 2,592,000 seconds"));
        }
        if !is_fetched(&command.what) {
            return Err(Error::invalid(field, "is only for what can be fetched again"));
        }
    }
    match &command.what {
        NewSource::Raw(text) => {
            let characters = text.trim().chars().count();
            if characters == 0 || characters > MAX_RAW_CHARS {
                let field = command.fields.text;
                return Err(Error::invalid(field, "must be 1 to 200,000 characters"));
            }
        }
        NewSource::File { bytes, .. } | NewSource::Spreadsheet { bytes, .. } => {
            if bytes.is_empty() {
                return Err(Error::invalid("file", "must not be empty"));
            }
            if u64::try_from(bytes.len()).map_err(Error::internal)? > MAX_FILE_BYTES {
                return Err(Error::invalid("file", "must not be larger than 100 MB"));
            }
        }
        NewSource::Github { path: Some(path), .. } if path.len() > MAX_PATH_CHARS => {
            return Err(Error::invalid("path", "must not be longer than 1,024 characters"));
        }
        NewSource::Url { .. }
        | NewSource::Upload { .. }
        | NewSource::Github { .. }
        | NewSource::Drive { .. } => {}
    }
    Ok(())
}

/// Whether it can be fetched again.
fn is_fetched(what: &NewSource) -> bool {
    matches!(what, NewSource::Url { .. } | NewSource::Github { .. } | NewSource::Drive { .. })
}

async fn origin<P: Ports>(
    app: &App<P>,
    (project, id): (&Project, SourceId),
    what: NewSource,
    fields: &FieldNames,
) -> Result<Origin> {
    let store = async |name: String, bytes: Vec<u8>, rows: Option<u64>| {
        let object = upload::object(project, &id.bare());
        app.objects.put(&object, bytes).await?;
        Ok(Origin::File { object, name: cut(&name), rows })
    };
    match what {
        NewSource::Raw(_) => Ok(Origin::Raw),
        NewSource::Url { url, crawl } => {
            let url = vetted(app, "url", &url).await?;
            let crawl = match crawl {
                Some(wish) => Some(planned(app, &url, (wish, fields.max_pages)).await?),
                None => None,
            };
            Ok(Origin::Url { url, crawl })
        }
        NewSource::File { name, bytes } => store(name, bytes, None).await,
        NewSource::Spreadsheet { name, bytes, max_rows } => {
            store(name, bytes, Some(max_rows)).await
        }
        NewSource::Upload { name, upload } => {
            let field = fields.upload_id;
            let unknown = || Error::invalid(field, "names no finished upload of this project");
            let upload: UploadId = upload.parse().map_err(|_| unknown())?;
            let object = upload::object(project, &upload.bare());
            let size = app.objects.size(&object).await?.ok_or_else(unknown)?;
            if size == 0 || size > MAX_FILE_BYTES {
                return Err(Error::invalid(field, "must name a file of 1 byte to 100 MB"));
            }
            Ok(Origin::File { object, name: cut(&name), rows: None })
        }
        NewSource::Github { repository, branch, path } => {
            if app.settings.knowledge.github.is_none() {
                let problem = "cannot be github here: the setting AIVA_GITHUB_TOKEN is missing";
                return Err(Error::invalid("type", problem));
            }
            let repository = github_repository(&repository)?;
            Ok(Origin::Github { repository, branch, path })
        }
        NewSource::Drive { link } => {
            if app.settings.knowledge.drive.is_none() {
                let problem = "cannot be drive here: the setting AIVA_DRIVE_KEY is missing";
                return Err(Error::invalid("type", problem));
            }
            Ok(Origin::Drive { file: drive_file(&link)? })
        }
    }
}

async fn vetted<P: Ports>(app: &App<P>, field: &'static str, url: &str) -> Result<String> {
    let vetted = egress::vet(&app.names, url, &app.settings.egress).await;
    let vetted = vetted.map_err(|problem| Error::invalid(field, problem.to_string()))?;
    Ok(vetted.as_str().to_owned())
}

async fn planned<P: Ports>(
    app: &App<P>,
    url: &str,
    (wish, field): (CrawlWish, &'static str),
) -> Result<Crawl> {
    let max_pages = wish.max_pages.unwrap_or(DEFAULT_PAGES);
    if !(1..=MAX_PAGES).contains(&max_pages) {
        return Err(Error::invalid(format!("crawl.{field}"), "must be from 1 to 200"));
    }
    let sitemap = match wish.sitemap {
        Some(sitemap) => Some(vetted(app, "crawl.sitemap", &sitemap).await?),
        None => None,
    };
    let folder = || url.rfind('/').map_or(url, |slash| &url[..=slash]).to_owned();
    let prefix = match wish.prefix {
        Some(prefix) => vetted(app, "crawl.prefix", &prefix).await?,
        None => folder(),
    };
    Ok(Crawl { sitemap, prefix, max_pages: u32::try_from(max_pages).unwrap_or(1) })
}

/// What a source is called until its content tells more.
pub(super) fn proposed_title(what: &NewSource) -> String {
    let text = match what {
        NewSource::Raw(text) => first_words(text),
        NewSource::Url { url, .. } => url_title(url),
        NewSource::File { name, .. }
        | NewSource::Spreadsheet { name, .. }
        | NewSource::Upload { name, .. } => name.clone(),
        NewSource::Github { repository, path, .. } => match path {
            Some(path) => format!("{repository}/{path}"),
            None => repository.clone(),
        },
        NewSource::Drive { .. } => "Shared document".to_owned(),
    };
    let clean: String = text.chars().filter(|c| !c.is_control()).take(80).collect();
    if clean.trim().is_empty() { "Untitled".to_owned() } else { clean }
}

/// The title of a page that has told none yet.
pub(super) fn url_title(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or(url);
    url.trim_start_matches("https://").trim_end_matches('/').chars().take(80).collect()
}

fn first_words(text: &str) -> String {
    let line = text
        .lines()
        .map(|line| line.trim().trim_start_matches('#').trim())
        .find(|line| !line.is_empty());
    line.unwrap_or("Untitled").to_owned()
}

fn cut(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(MAX_NAME_CHARS).collect()
}
