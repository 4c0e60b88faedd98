//! Amazon Titan Text Embeddings V2, by Bedrock's `InvokeModel` operation: one text a request.

use aiva_core::knowledge::EmbedError;
use aiva_core::ports::{Embedder, Entropy};
use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::primitives::Blob;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;

use super::super::attempt::{Failure, Fault, Patience, repeat};
use super::super::bedrock::{own_attempts, whole};
use super::{checked, given_up};

/// Requests that are on their way at once.
const AT_ONCE: usize = 8;

/// A model of Amazon Bedrock that takes and answers what Titan Text Embeddings V2 does.
#[derive(Debug, Clone)]
pub struct TitanEmbedder<E> {
    client: Client,
    model: String,
    dimensions: usize,
    identity: String,
    patience: Patience,
    entropy: E,
}

impl<E: Entropy> TitanEmbedder<E> {
    /// Uses a client; `model` is a model id. The client's own retries and timeouts are not used: the
    /// attempts are counted here.
    pub fn new(
        client: Client,
        model: impl Into<String>,
        dimensions: usize,
        patience: Patience,
        entropy: E,
    ) -> Self {
        let model = model.into();
        let identity = format!("bedrock:{model}:{dimensions}");
        Self { client, model, dimensions, identity, patience, entropy }
    }

    async fn attempt(&self, body: Blob, deadline: Instant) -> Result<Vec<f32>, Failure> {
        let call = self
            .client
            .invoke_model()
            .model_id(&self.model)
            .content_type("application/json")
            .accept("application/json")
            .body(body)
            .customize()
            .config_override(own_attempts(&self.patience))
            .send();
        let output = whole(call, &self.patience, deadline).await?;
        let answer: Answer = serde_json::from_slice(output.body().as_ref())
            .map_err(|_| Failure::new(Fault::Unreadable, "the answer is no vector"))?;
        checked(&answer.embedding, Some(self.dimensions))?;
        Ok(answer.embedding)
    }

    async fn one(&self, text: &str) -> Result<Vec<f32>, EmbedError> {
        let body = json!({ "inputText": text, "dimensions": self.dimensions, "normalize": true });
        let body = body.to_string().into_bytes();
        let run = |deadline| Box::pin(self.attempt(Blob::new(body.clone()), deadline));
        repeat(&self.patience, &self.entropy, run).await.map_err(given_up)
    }
}

impl<E: Entropy> Embedder for TitanEmbedder<E> {
    fn identity(&self) -> Option<&str> {
        Some(&self.identity)
    }

    fn dimensions(&self) -> usize {
        self.dimensions
    }

    async fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let calls: Vec<_> = texts.iter().map(|text| self.one(text)).collect();
        stream::iter(calls).buffered(AT_ONCE).try_collect().await
    }
}

#[derive(Debug, Deserialize)]
struct Answer {
    embedding: Vec<f32>,
}
