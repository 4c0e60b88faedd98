//! What the page says. No script, no picture, nothing from elsewhere; it reads well without its style.

use std::sync::LazyLock;

use aiva_core::error::Error;
use aiva_core::identity::MagicLink;
use aiva_core::text::escaped;
use data_encoding::BASE64;
use http::{HeaderName, HeaderValue, StatusCode, header};
use sha2::{Digest, Sha256};

use crate::http::{Failure, Reply};

const STYLE: &str = "body{margin:0 auto;max-width:34rem;padding:3rem 1.25rem;\
font:1.125rem/1.6 system-ui,sans-serif}h1{font-size:1.6rem;line-height:1.3}\
button{font:inherit;font-weight:600;padding:.75rem 1.5rem;border:0;border-radius:.5rem;\
background:#1a4fd6;color:#fff;cursor:pointer}button:focus-visible{outline:3px solid #f5a300;\
outline-offset:3px}footer{margin-top:3rem;font-size:.9rem}";

/// The one style that the browser may apply.
static STYLE_HASH: LazyLock<String> =
    LazyLock::new(|| BASE64.encode(&Sha256::digest(STYLE.as_bytes())));

/// One page.
pub(super) struct Page {
    status: StatusCode,
    title: &'static str,
    /// HTML.
    body: String,
    /// Where its form may lead, as the policy writes it.
    form: String,
}

impl Page {
    fn telling(status: StatusCode, title: &'static str, sentences: &[&str]) -> Self {
        let body = sentences.iter().map(|sentence| format!("<p>{}</p>", escaped(sentence)));
        Self { status, title, body: body.collect(), form: "'none'".to_owned() }
    }

    /// Asks for the button.
    pub(super) fn question(link: &MagicLink) -> Self {
        let name = escaped(link.workspace_name.as_str());
        let body = format!(
            "<p>{name} wants to be sure that it is you who is writing to them.</p>\
             <form method=\"post\"><button type=\"submit\">Yes, it is me</button></form>\
             <p>If you did not ask for this, close this page. Nothing happens then.</p>"
        );
        // A browser holds the redirect after a form to the same policy as the form.
        let form = match &link.return_url {
            Some(url) => format!("'self' {}", url.origin()),
            None => "'self'".to_owned(),
        };
        Self { status: StatusCode::OK, title: "Confirm that it is you", body, form }
    }

    /// Says that all is done.
    pub(super) fn done() -> Self {
        let title = "Thank you, it is confirmed";
        Self::telling(StatusCode::OK, title, &["You can close this page and go on writing."])
    }

    /// Says that the link was used.
    pub(super) fn used() -> Self {
        let sentences = [
            "A link works once. If it was you who used it, you are confirmed and there is nothing \
             more to do.",
            "If you are asked again, go back to where you were writing and ask for a new link.",
        ];
        Self::telling(StatusCode::GONE, "This link has been used", &sentences)
    }

    /// Says that the link came too late.
    pub(super) fn expired() -> Self {
        let sentences = [
            "For your safety a link works for a short time only.",
            "Go back to where you were writing and ask for a new link.",
        ];
        Self::telling(StatusCode::GONE, "This link has expired", &sentences)
    }

    /// Says that there is no such link.
    pub(super) fn unknown() -> Self {
        let sentences = [
            "Perhaps it was cut off: open it from the mail again, or copy all of it.",
            "If that does not help, go back to where you were writing and ask for a new link.",
        ];
        Self::telling(StatusCode::NOT_FOUND, "We do not know this link", &sentences)
    }

    /// Says that it is our fault.
    pub(super) fn broken() -> Self {
        let sentences = ["Nothing is lost: open the link again in a minute."];
        let title = "That did not work just now";
        Self::telling(StatusCode::SERVICE_UNAVAILABLE, title, &sentences)
    }

    /// Writes the page.
    pub(super) fn reply(self, brand: &str) -> Result<Reply, Failure> {
        let Self { status, title, body, form } = self;
        let (brand, style) = (escaped(brand), &*STYLE_HASH);
        let html = format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <meta name=\"color-scheme\" content=\"light dark\"><title>{title}</title>\
             <style>{STYLE}</style></head><body><main><h1>{title}</h1>{body}</main>\
             <footer>{brand}</footer></body></html>"
        );
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; \
             form-action {form}; frame-ancestors 'none'"
        );
        let policy = HeaderValue::from_str(&policy).map_err(Error::internal)?;
        let reply = Reply::bytes(status, "text/html; charset=utf-8", html.into());
        Ok(guarded(reply).with_header(header::CONTENT_SECURITY_POLICY, policy))
    }
}

/// The address of the page is a secret: it is told to nobody and kept by nobody.
pub(super) fn guarded(reply: Reply) -> Reply {
    const ROBOTS: HeaderName = HeaderName::from_static("x-robots-tag");
    reply
        .with_header(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"))
        .with_header(ROBOTS, HeaderValue::from_static("noindex"))
}
