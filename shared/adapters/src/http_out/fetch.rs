//! One GET of somebody's page, under one deadline.

use aiva_core::ports::{Fetch, FetchRequest, Fetched, OutgoingError};
use reqwest::header::{CONTENT_TYPE, ETAG, HeaderMap, HeaderName, LOCATION, USER_AGENT};
use tokio::time::{Instant, timeout_at};

use super::send::{GuardedHttp, MAX_TIMEOUT, classify, read_body};

/// The name under which sites see the crawler; `robots.txt` may speak to it.
const CRAWLER: &str = "AivaBot/1.0";
const MAX_HEADER_CHARS: usize = 2_048;

impl Fetch for GuardedHttp {
    async fn get(&self, request: FetchRequest) -> Result<Fetched, OutgoingError> {
        let deadline = Instant::now() + request.timeout.min(MAX_TIMEOUT);
        self.check_url(&request.url)?;
        let outgoing = request.headers.iter().fold(
            self.client.get(request.url.as_str()).header(USER_AGENT, CRAWLER),
            |outgoing, (name, value)| outgoing.header(*name, value),
        );
        let response = timeout_at(deadline, outgoing.send())
            .await
            .map_err(|_| OutgoingError::Timeout)?
            .map_err(|error| classify(&error))?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let body = read_body(response, request.max_bytes, deadline).await;
        Ok(Fetched {
            status,
            content_type: text(&headers, CONTENT_TYPE),
            etag: text(&headers, ETAG),
            location: text(&headers, LOCATION),
            body: body.bytes,
            truncated: body.truncated,
            complete: body.complete,
        })
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?;
    (value.len() <= MAX_HEADER_CHARS).then(|| value.to_owned())
}
