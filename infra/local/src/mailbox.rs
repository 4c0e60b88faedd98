//! `/local/mailbox`: the mail that was sent, for people and for scripts.

use std::cmp::Reverse;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use aiva_core::text::escaped;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{Html, IntoResponse, Response};
use serde::{Deserialize, Serialize};

/// Mails shown, the newest.
const MAX_SHOWN: usize = 200;
/// Bytes of one mail's file; a greater one is not ours.
const MAX_MAIL_BYTES: u64 = 1_048_576;
const POLICY: &str =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// One mail as it stands in `mail/<name>.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Mail {
    to: String,
    subject: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    html: String,
    /// When it was sent, RFC 3339 in UTC.
    at: String,
}

#[derive(Serialize)]
struct Mailbox {
    items: Vec<Mail>,
}

/// Shows the mail under a directory, newest first.
pub(crate) async fn show(State(dir): State<PathBuf>, headers: HeaderMap) -> Response {
    let items = tokio::task::spawn_blocking(move || read(&dir)).await.unwrap_or_default();
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let no_store = (header::CACHE_CONTROL, "no-store");
    if accept.is_some_and(|accept| accept.contains("application/json")) {
        return ([no_store], Json(Mailbox { items })).into_response();
    }
    let policy = (header::CONTENT_SECURITY_POLICY, POLICY);
    let sniff = (header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    let referrer = (header::REFERRER_POLICY, "no-referrer");
    ([no_store, policy, sniff, referrer], Html(page(&items))).into_response()
}

fn read(dir: &Path) -> Vec<Mail> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    let mut mails: Vec<Mail> = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "json"))
        .filter(|entry| entry.metadata().is_ok_and(|data| data.len() <= MAX_MAIL_BYTES))
        .filter_map(|entry| std::fs::read(entry.path()).ok())
        .filter_map(|bytes| serde_json::from_slice(&bytes).ok())
        .collect();
    mails.sort_by_key(|mail| Reverse(mail.at.clone()));
    mails.truncate(MAX_SHOWN);
    mails
}

fn page(mails: &[Mail]) -> String {
    let mut body = String::new();
    if mails.is_empty() {
        body.push_str("<p>No mail has been sent yet.</p>");
    }
    for mail in mails {
        let (subject, to, at) = (escaped(&mail.subject), escaped(&mail.to), escaped(&mail.at));
        let text = linked(&mail.text);
        let written = write!(
            body,
            "<article><h2>{subject}</h2><p>To {to}, <time datetime=\"{at}\">{at}</time></p>\
             <pre>{text}</pre></article>"
        );
        debug_assert!(written.is_ok(), "writing to a string cannot fail");
    }
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>Mailbox</title></head>\
         <body><main><h1>Mailbox</h1>{body}</main></body></html>"
    )
}

/// Escapes a text and makes its web addresses links.
fn linked(text: &str) -> String {
    let words = text.split_inclusive(char::is_whitespace).map(|word| {
        let address = word.trim_end();
        let (shown, space) = (escaped(address), &word[address.len()..]);
        if address.starts_with("http://") || address.starts_with("https://") {
            format!("<a href=\"{shown}\" rel=\"noreferrer\">{shown}</a>{space}")
        } else {
            format!("{shown}{space}")
        }
    });
    words.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_mail_becomes_markup_and_addresses_become_links() {
        let mail = Mail {
            to: "a@example.com".into(),
            subject: "<script>alert(1)</script>".into(),
            text: "Open https://example.com/?a=1&b=\"2 now\n<b>".into(),
            html: String::new(),
            at: "2026-07-02T10:30:00Z".into(),
        };
        let page = page(&[mail]);
        assert!(!page.contains("<script") && !page.contains("<b>"), "{page}");
        let link = "<a href=\"https://example.com/?a=1&amp;b=&quot;2\" rel=\"noreferrer\">";
        assert!(page.contains(link), "{page}");
    }
}
