//! Any endpoint that speaks OpenAI's chat completions, streaming or not.

mod answer;
mod events;
mod retry_after;
mod wire;

use aiva_core::error::{Error, Result};
use aiva_core::ports::{Entropy, Model};
use aiva_core::reply::{ModelError, ModelReply, ModelRequest};
use bytes::Bytes;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Client, RequestBuilder, Response, redirect, retry};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::{Instant, timeout_at};
use url::Url;

use self::answer::Answer;
use super::attempt::{Failure, Fault, Patience, persist};
use super::dialogue::dialogue;

const USER_AGENT: &str = "Aiva/1";

/// Bytes of an error's body that are read, to learn its code.
const MAX_ERROR_BYTES: usize = 16 * 1024;

/// Where the model is and how it is asked.
#[derive(Debug, Clone)]
pub struct OpenAiSettings {
    /// The base of the endpoint, such as `https://api.openai.com/v1`.
    pub base_url: Url,
    /// Sent as a bearer token; `None` for endpoints without keys.
    pub api_key: Option<SecretString>,
    /// The model's name there.
    pub model: String,
    /// How the endpoint calls the bound of the answer.
    pub output_limit_field: OutputLimitField,
    /// Whether it is offered tools. An endpoint may refuse every request that has any; the model then
    /// only answers.
    pub tools: bool,
    /// How long and how often it is asked.
    pub patience: Patience,
}

impl OpenAiSettings {
    /// Settings with the default patience.
    pub fn new(base_url: Url, api_key: Option<SecretString>, model: impl Into<String>) -> Self {
        Self {
            base_url,
            api_key,
            model: model.into(),
            output_limit_field: OutputLimitField::default(),
            tools: true,
            patience: Patience::default(),
        }
    }

    /// The same settings, with or without tools.
    #[must_use]
    pub fn with_tools(self, tools: bool) -> Self {
        Self { tools, ..self }
    }
}

/// The name of the field that bounds the answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OutputLimitField {
    /// `max_tokens`, which nearly every endpoint knows.
    #[default]
    MaxTokens,
    /// `max_completion_tokens`, which OpenAI's reasoning models want.
    MaxCompletionTokens,
}

/// A model behind an OpenAI-compatible endpoint.
#[derive(Debug, Clone)]
pub struct OpenAi<E> {
    client: Client,
    url: Url,
    settings: OpenAiSettings,
    entropy: E,
}

impl<E: Entropy> OpenAi<E> {
    /// Makes the client. The endpoint is the operator's own choice, so any address will do; redirects
    /// are not followed and proxies of the environment not used.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the base is no HTTP URL, [`Error::Internal`] when TLS cannot be set up.
    pub fn new(settings: OpenAiSettings, entropy: E) -> Result<Self> {
        let url = address(&settings.base_url, &["chat", "completions"])?;
        let client = client(&settings.patience)?;
        Ok(Self { client, url, settings, entropy })
    }

    fn body(&self, request: &ModelRequest) -> Result<Bytes, ModelError> {
        let turns = dialogue(request);
        let body = wire::Request::new(&self.settings, request, &turns);
        serde_json::to_vec(&body).map(Bytes::from).map_err(|_| ModelError {
            reason: "the reply could not be generated",
            cause: "the request could not be encoded".into(),
            usage: None,
        })
    }

    async fn attempt(
        &self,
        body: Bytes,
        mut answer: Answer<'_>,
        deadline: Instant,
    ) -> Result<ModelReply, Failure> {
        let patience = &self.settings.patience;
        let first = deadline.min(Instant::now() + patience.first_byte_timeout);
        let mut response = self.send(body, first).await?;
        let mut limit = first;
        while !answer.is_over() {
            let piece = match timeout_at(limit, response.chunk()).await {
                Ok(Ok(piece)) => piece,
                Ok(Err(error)) => return answer.broken(transport(error)),
                Err(_) => {
                    return answer.broken(Failure::new(Fault::TimedOut, "the answer stopped"));
                }
            };
            let Some(piece) = piece else { break };
            answer.take(&piece)?;
            limit = deadline.min(Instant::now() + patience.idle_timeout);
        }
        answer.finish()
    }

    /// Sends the request; answers with a success alone.
    async fn send(&self, body: Bytes, limit: Instant) -> Result<Response, Failure> {
        let request = self.client.post(self.url.clone()).body(body);
        let request = request.header(ACCEPT, "text/event-stream, application/json");
        posted(request, self.settings.api_key.as_ref(), limit).await
    }
}

impl<E: Entropy> Model for OpenAi<E> {
    async fn reply(
        &self,
        request: &ModelRequest,
        on_delta: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<ModelReply, ModelError> {
        let body = self.body(request)?;
        let run = |deadline| {
            let answer = Answer::new(request.passages.len(), on_delta);
            Box::pin(self.attempt(body.clone(), answer, deadline))
        };
        persist(&self.settings.patience, &self.entropy, run).await
    }
}

/// A path below an endpoint's base.
pub(super) fn address(base: &Url, path: &[&str]) -> Result<Url> {
    let mut url = base.clone();
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Error::invalid("base_url", "must be an http or https URL"));
    }
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(path);
    }
    Ok(url)
}

/// A client that does just what it is told.
pub(super) fn client(patience: &Patience) -> Result<Client> {
    let client = Client::builder()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .connect_timeout(patience.connect_timeout)
        .user_agent(USER_AGENT);
    client.build().map_err(Error::internal)
}

/// Sends a request with a JSON body and the key; answers with a success alone.
pub(super) async fn posted(
    request: RequestBuilder,
    key: Option<&SecretString>,
    limit: Instant,
) -> Result<Response, Failure> {
    let mut request = request.header(CONTENT_TYPE, "application/json");
    if let Some(key) = key {
        request = request.bearer_auth(key.expose_secret());
    }
    let response = timeout_at(limit, request.send())
        .await
        .map_err(|_| Failure::new(Fault::TimedOut, "no answer in time"))?
        .map_err(transport)?;
    if response.status().is_success() {
        return Ok(response);
    }
    Err(refusal(response, limit).await)
}

/// What an answer other than success means. Its text may quote the prompt or the key, so only the
/// code in it is told.
async fn refusal(mut response: Response, limit: Instant) -> Failure {
    let status = response.status().as_u16();
    let retry_after = retry_after::of(response.headers());
    let mut body = Vec::new();
    while body.len() < MAX_ERROR_BYTES {
        let Ok(Ok(Some(piece))) = timeout_at(limit, response.chunk()).await else { break };
        body.extend_from_slice(&piece);
    }
    let code = wire::error_code(&body).unwrap_or_default();
    let failure = Failure::new(Fault::of_status(status), format!("status {status} {code}"));
    Failure { retry_after, ..failure }
}

pub(super) fn transport(error: reqwest::Error) -> Failure {
    let fault = if error.is_timeout() {
        Fault::TimedOut
    } else if error.is_builder() {
        Fault::Refused
    } else {
        Fault::Unavailable
    };
    let error = error.without_url();
    let mut cause = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(inner) = source {
        cause.push_str(": ");
        cause.push_str(&inner.to_string());
        source = inner.source();
    }
    Failure::new(fault, cause)
}
