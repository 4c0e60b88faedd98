//! Searching a project's knowledge, indexing it first where this process has an older edition.

use super::{Edition, Passage};
use crate::error::Result;
use crate::ports::{KnowledgeIndex, KnowledgeStore};
use crate::project::Project;

/// Finds the passages nearest to a question, best first.
///
/// # Errors
/// When the store or the index fails.
pub async fn search(
    store: &impl KnowledgeStore,
    index: &impl KnowledgeIndex,
    project: &Project,
    question: &str,
    limit: usize,
) -> Result<Vec<Passage>> {
    let edition = Edition { project: project.id, version: project.knowledge_version };
    if !index.has(edition) {
        let documents = store.documents(project.workspace, project.id).await?;
        index.publish(edition, documents).await?;
    }
    index.search(edition, question, limit).await
}
