//! Any endpoint that speaks OpenAI's embeddings.

use aiva_core::error::Result;
use aiva_core::knowledge::EmbedError;
use aiva_core::ports::{Embedder, Entropy};
use bytes::Bytes;
use reqwest::Client;
use reqwest::header::ACCEPT;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::super::attempt::{Failure, Fault, Patience, repeat};
use super::super::openai::{address, client, posted, transport};
use super::{checked, given_up};

/// Texts of one request.
const BATCH: usize = 96;

/// The longest answer: a batch of the longest vectors, each number written out, in bytes.
const MAX_ANSWER_BYTES: usize = 16 * 1024 * 1024;

/// How long a vector is taken to be where nobody has said it.
const USUAL_DIMENSIONS: usize = 1_536;

/// Where the model is and how it is asked.
#[derive(Debug, Clone)]
pub struct OpenAiEmbedderSettings {
    /// The base of the endpoint, such as `https://api.openai.com/v1`.
    pub base_url: Url,
    /// Sent as a bearer token; `None` for endpoints without keys.
    pub api_key: Option<SecretString>,
    /// The model's name there.
    pub model: String,
    /// The length that its vectors are asked to have; `None` asks for nothing and takes what comes.
    pub dimensions: Option<usize>,
    /// How long and how often it is asked for one batch.
    pub patience: Patience,
}

/// A model of embeddings behind an OpenAI-compatible endpoint.
#[derive(Debug, Clone)]
pub struct OpenAiEmbedder<E> {
    client: Client,
    url: Url,
    identity: String,
    settings: OpenAiEmbedderSettings,
    entropy: E,
}

impl<E: Entropy> OpenAiEmbedder<E> {
    /// Makes the client. The endpoint is the operator's own choice, so any address will do; redirects
    /// are not followed and proxies of the environment not used.
    ///
    /// # Errors
    /// [`aiva_core::error::Error::Invalid`] when the base is no HTTP URL,
    /// [`aiva_core::error::Error::Internal`] when TLS cannot be set up.
    pub fn new(settings: OpenAiEmbedderSettings, entropy: E) -> Result<Self> {
        let url = address(&settings.base_url, &["embeddings"])?;
        let client = client(&settings.patience)?;
        let identity = match settings.dimensions {
            Some(dimensions) => format!("openai:{}:{dimensions}", settings.model),
            None => format!("openai:{}", settings.model),
        };
        Ok(Self { client, url, identity, settings, entropy })
    }

    async fn attempt(
        &self,
        body: Bytes,
        count: usize,
        deadline: Instant,
    ) -> Result<Vec<Vec<f32>>, Failure> {
        let patience = &self.settings.patience;
        // The whole answer comes at once: a vector is not written word by word.
        let silence = patience.first_byte_timeout + patience.idle_timeout;
        let limit = deadline.min(Instant::now() + silence);
        let request = self.client.post(self.url.clone()).body(body);
        let request = request.header(ACCEPT, "application/json");
        let mut response = posted(request, self.settings.api_key.as_ref(), limit).await?;
        let mut answer = Vec::new();
        loop {
            let piece = timeout_at(limit, response.chunk())
                .await
                .map_err(|_| Failure::new(Fault::TimedOut, "the answer stopped"))?
                .map_err(transport)?;
            let Some(piece) = piece else { break };
            if answer.len() + piece.len() > MAX_ANSWER_BYTES {
                return Err(Failure::new(Fault::TooLong, "more than vectors take"));
            }
            answer.extend_from_slice(&piece);
        }
        vectors(&answer, count, self.settings.dimensions)
    }
}

impl<E: Entropy> Embedder for OpenAiEmbedder<E> {
    fn identity(&self) -> Option<&str> {
        Some(&self.identity)
    }

    fn dimensions(&self) -> usize {
        self.settings.dimensions.unwrap_or(USUAL_DIMENSIONS)
    }

    async fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let OpenAiEmbedderSettings { model, dimensions, patience, .. } = &self.settings;
        let mut all = Vec::with_capacity(texts.len());
        for batch in texts.chunks(BATCH) {
            let body = Request { model, input: batch, dimensions: *dimensions };
            let body = serde_json::to_vec(&body).map(Bytes::from).map_err(|_| {
                let cause = "the request could not be encoded".into();
                EmbedError { passing: false, cause }
            })?;
            let run = |deadline| Box::pin(self.attempt(body.clone(), batch.len(), deadline));
            all.extend(repeat(patience, &self.entropy, run).await.map_err(given_up)?);
        }
        Ok(all)
    }
}

#[derive(Debug, Serialize)]
struct Request<'a> {
    model: &'a str,
    input: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<usize>,
}

#[derive(Debug, Deserialize)]
struct Answer {
    data: Vec<Embedding>,
}

#[derive(Debug, Deserialize)]
struct Embedding {
    index: usize,
    embedding: Vec<f32>,
}

/// The vectors of an answer, in the order of the texts.
fn vectors(
    answer: &[u8],
    count: usize,
    dimensions: Option<usize>,
) -> Result<Vec<Vec<f32>>, Failure> {
    let unreadable = |cause: &str| Failure::new(Fault::Unreadable, cause);
    let answer: Answer = serde_json::from_slice(answer)
        .map_err(|_| unreadable("the answer is no list of vectors"))?;
    let mut found = answer.data;
    found.sort_unstable_by_key(|embedding| embedding.index);
    if found.len() != count || found.iter().enumerate().any(|(place, one)| one.index != place) {
        return Err(unreadable("not one vector for each text"));
    }
    let length = dimensions.or_else(|| found.first().map(|one| one.embedding.len()));
    for embedding in &found {
        checked(&embedding.embedding, length)?;
    }
    Ok(found.into_iter().map(|embedding| embedding.embedding).collect())
}
