//! Repositories on GitHub, through its API.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{Gathered, Trouble, Visit, glob};
use crate::error::{Error, Result as CoreResult};
use crate::knowledge::content::{Part, UnreadFile};
use crate::ports::{Extract, Fetch, Fetched, Ports};

/// How GitHub is read.
#[derive(Debug, Clone)]
pub struct GithubAccess {
    /// The API's base, without a slash at its end; `https://api.github.com` mostly.
    pub base_url: String,
    /// A token that may read contents; `None` where this process fetches nothing.
    pub token: Option<SecretString>,
}

/// Files of one repository at most.
const MAX_FILES: usize = 300;
/// Bytes of one file at most; larger ones are left out.
const MAX_FILE_BYTES: u64 = 1024 * 1024;
/// Bytes of an answer of the API at most.
const MAX_LIST_BYTES: usize = 10 * 1024 * 1024;
/// What is taken where no pattern names a file.
const READABLE: [&str; 12] =
    ["md", "mdx", "markdown", "txt", "rst", "adoc", "html", "htm", "csv", "pdf", "docx", "xlsx"];

#[derive(Deserialize)]
struct Repository {
    default_branch: String,
}

#[derive(Deserialize)]
struct Tree {
    sha: String,
    tree: Vec<Entry>,
    #[serde(default)]
    truncated: bool,
}

#[derive(Deserialize)]
struct Entry {
    path: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    size: u64,
}

/// Reads `owner/name` or a repository's address.
pub(crate) fn repository_of(text: &str) -> CoreResult<String> {
    let text = text.trim().trim_end_matches('/').trim_end_matches(".git");
    let path = text.strip_prefix("https://github.com/").unwrap_or(text);
    let mut parts = path.split('/');
    let is_name = |part: &&str| {
        (1..=100).contains(&part.len())
            && !part.starts_with('.')
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    let owner = parts.next().filter(is_name);
    let name = parts.next().filter(is_name);
    match (owner, name, parts.next()) {
        (Some(owner), Some(name), None) => Ok(format!("{owner}/{name}")),
        _ => Err(Error::invalid("repository", "must be owner/name")),
    }
}

pub(super) async fn gather<P: Ports, F: Fetch, X: Extract>(
    visit: &Visit<'_, P, F, X>,
    repository: &str,
    branch: Option<&str>,
    pattern: Option<&str>,
) -> Result<Gathered, Trouble> {
    let access = visit.app.settings.knowledge.github.as_ref();
    let Some((access, token)) = access.and_then(|access| Some((access, access.token.as_ref()?)))
    else {
        return Err(Trouble::lasting("the setting AIVA_GITHUB_TOKEN is missing"));
    };
    let site = Site { visit, token, root: format!("{}/repos/{repository}", access.base_url) };
    let branch = match branch {
        Some(branch) => branch.to_owned(),
        None => parse::<Repository>(&site.get("", JSON).await?)?.default_branch,
    };
    let list = site.get(&format!("/git/trees/{}?recursive=1", escaped(&branch)), JSON).await;
    let list = list.map_err(|trouble| Trouble {
        reason: format!("the list of its files: {}", trouble.reason),
        ..trouble
    })?;
    let tree: Tree = parse(&list)?;
    if visit.source.content.is_some() && visit.source.etag.as_deref() == Some(&tree.sha) {
        return Ok(Gathered::Unchanged);
    }
    let page = |path: &str| format!("https://github.com/{repository}/blob/{branch}/{path}");
    let mut before = visit.before().await;
    let mut files = wanted(&tree, pattern.unwrap_or_default());
    let over = files.len().saturating_sub(MAX_FILES);
    files.truncate(MAX_FILES);
    // What a sync before had no time for comes first.
    files.sort_by_key(|entry| before.contains_key(&page(&entry.path)));
    let mut harvest = Harvest { skipped: over, ..Harvest::default() };
    for entry in files {
        let url = page(&entry.path);
        if entry.size > MAX_FILE_BYTES {
            harvest.skipped += 1;
        } else if visit.is_late() {
            harvest.late = true;
            harvest.keep(before.remove(&url));
        } else {
            harvest.take(site.file((&entry.path, &branch), &url).await?);
        }
    }
    let Harvest { parts, skipped, kept, late } = harvest;
    if parts.is_empty() && late {
        return Err(Trouble::passing("its time was over before a file was read"));
    }
    if parts.is_empty() {
        return Err(Trouble::lasting("no readable file of the repository has such a path"));
    }
    let mut left_out = super::left_out(skipped, kept, ["file", "files"]);
    if tree.truncated {
        left_out = Some("the repository is larger than GitHub lists".to_owned());
    }
    // Under its name a sync that ran out of time would count as done.
    let etag = Some(tree.sha).filter(|_| !late);
    Ok(Gathered::New { parts, title: None, etag, left_out, rows: None })
}

/// What a sync has brought in.
#[derive(Default)]
struct Harvest {
    parts: Vec<Part>,
    /// Files that are left out.
    skipped: usize,
    /// Files that stand as they were.
    kept: usize,
    /// Whether the time was over before all were read.
    late: bool,
}

impl Harvest {
    fn take(&mut self, read: Option<Vec<Part>>) {
        match read {
            Some(parts) => self.parts.extend(parts),
            None => self.skipped += 1,
        }
    }

    fn keep(&mut self, old: Option<Vec<Part>>) {
        self.kept += usize::from(old.is_some());
        self.take(old);
    }
}

/// The files of a repository that a pattern means: those that can be read as text, and one that it names.
fn wanted<'a>(tree: &'a Tree, pattern: &str) -> Vec<&'a Entry> {
    let is_named = |path: &str| path == pattern.trim_matches('/');
    let is_wanted = |entry: &&Entry| {
        entry.kind == "blob"
            && glob::matches(pattern, &entry.path)
            && (is_readable(&entry.path) || is_named(&entry.path))
    };
    tree.tree.iter().filter(is_wanted).collect()
}

const JSON: &str = "application/vnd.github+json";
const RAW: &str = "application/vnd.github.raw+json";

struct Site<'a, 'b, P: Ports, F, X> {
    visit: &'a Visit<'b, P, F, X>,
    token: &'a SecretString,
    root: String,
}

impl<P: Ports, F: Fetch, X: Extract> Site<'_, '_, P, F, X> {
    async fn get(&self, path: &str, accept: &str) -> Result<Fetched, Trouble> {
        let token = self.token.expose_secret();
        let headers = [
            ("accept", accept.to_owned()),
            ("authorization", format!("Bearer {token}")),
            ("x-github-api-version", "2022-11-28".to_owned()),
        ];
        self.visit.api(&format!("{}{path}", self.root), &headers, MAX_LIST_BYTES).await
    }

    /// The parts of one file; `None` where it cannot be read, which does not spoil the repository.
    async fn file(
        &self,
        (name, branch): (&str, &str),
        url: &str,
    ) -> Result<Option<Vec<Part>>, Trouble> {
        let path = format!("/contents/{}?ref={}", escaped_path(name), escaped(branch));
        let answer = self.get(&path, RAW).await?;
        let file = UnreadFile {
            bytes: answer.body,
            name: name.to_owned(),
            content_type: None,
            max_rows: None,
        };
        let read = match self.visit.extract.extract(file).await {
            Ok(read) => read,
            Err(trouble) if trouble.passing => return Err(trouble.into()),
            Err(_) => return Ok(None),
        };
        let parts = read.parts.into_iter().map(|mut part| {
            part.url = Some(url.to_owned());
            part.title = Some(part.title.unwrap_or_else(|| name.to_owned()));
            part
        });
        Ok(Some(parts.collect()))
    }
}

fn parse<'a, T: Deserialize<'a>>(answer: &'a Fetched) -> Result<T, Trouble> {
    serde_json::from_slice(&answer.body)
        .map_err(|_| Trouble::lasting("GitHub answered what is no answer of its API"))
}

fn is_readable(path: &str) -> bool {
    let ending = path.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    ending.is_some_and(|ending| READABLE.contains(&ending.as_str()))
}

fn escaped(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

fn escaped_path(path: &str) -> String {
    path.split('/').map(escaped).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_named_is_wanted_whatever_it_is_called() {
        let paths = ["LICENSE", "docs/a.md", "docs/b.docx", "docs/c.XLSX", "docs/Makefile"];
        let entry = |path: &str| Entry { path: path.to_owned(), kind: "blob".to_owned(), size: 9 };
        let tree = Tree { sha: "a".to_owned(), tree: paths.map(entry).into(), truncated: false };
        let found = |pattern: &str| -> Vec<String> {
            wanted(&tree, pattern).into_iter().map(|entry| entry.path.clone()).collect()
        };
        assert_eq!(found("LICENSE"), ["LICENSE"]);
        assert_eq!(found("/docs/Makefile"), ["docs/Makefile"]);
        assert_eq!(found("docs"), ["docs/a.md", "docs/b.docx", "docs/c.XLSX"]);
        assert_eq!(found(""), ["docs/a.md", "docs/b.docx", "docs/c.XLSX"]);
    }

    #[test]
    fn a_repository_is_named_in_two_ways() {
        for text in
            ["acme/docs", "https://github.com/acme/docs.git", "https://github.com/acme/docs/"]
        {
            assert_eq!(repository_of(text).unwrap(), "acme/docs", "{text}");
        }
        for text in ["acme", "acme/docs/x", "../docs", "acme/..", "https://evil.example/a/b", ""] {
            assert!(repository_of(text).is_err(), "{text}");
        }
    }
}
