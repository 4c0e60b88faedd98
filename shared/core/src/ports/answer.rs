//! What answers a question: a model, and an index over the knowledge.

use std::future::Future;

use crate::error::Result;
use crate::knowledge::{Document, Edition, Passage};
use crate::reply::{ModelError, ModelReply, ModelRequest};

/// A language model, or what stands in for one.
pub trait Model: Send + Sync + 'static {
    /// Generates one reply. `on_delta` sees the text as it comes.
    fn reply(
        &self,
        request: &ModelRequest,
        on_delta: &(dyn Fn(&str) + Send + Sync),
    ) -> impl Future<Output = Result<ModelReply, ModelError>> + Send;
}

/// An index over a project's knowledge.
pub trait KnowledgeIndex: Send + Sync + 'static {
    /// Whether this process has the edition ready.
    fn has(&self, edition: Edition) -> bool;

    /// Indexes an edition; older editions of the project are dropped.
    fn publish(
        &self,
        edition: Edition,
        documents: Vec<Document>,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Finds the passages nearest to a question, best first.
    fn search(
        &self,
        edition: Edition,
        question: &str,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Passage>>> + Send;
}
