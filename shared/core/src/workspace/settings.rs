//! Changing what a workspace is called, where its owner is reached, its plan and its habits.

use super::change::change;
use super::{Workspace, request};
use crate::error::Result;
use crate::id::WorkspaceId;
use crate::ports::{KeyStore, WorkspaceStore};
use crate::text::Label;

/// Changes of settings: what is left out stays.
#[derive(Debug, Clone, Default)]
pub struct SettingsPatch {
    /// What people call it.
    pub name: Option<String>,
    /// Where its owner is reached.
    pub email: Option<String>,
    /// The plan's name.
    pub plan: Option<String>,
    /// Whether a message reopens a resolved conversation.
    pub reopen_on_message: Option<bool>,
}

/// Changes a workspace's settings and answers it. Another plan counts from the next request on; what was
/// used of the month stays used.
///
/// # Errors
/// [`crate::error::Error::Invalid`] for a field that breaks its rule.
pub async fn set_settings(
    store: &(impl WorkspaceStore + KeyStore),
    workspace: WorkspaceId,
    patch: SettingsPatch,
) -> Result<Workspace> {
    let name = patch.name.map(|name| Label::parse("name", &name)).transpose()?;
    let email = patch.email.map(|email| request::email("email", &email)).transpose()?;
    let plan = patch.plan.map(|plan| request::plan_named("plan", &plan)).transpose()?;
    change(store, workspace, |current| {
        Ok(Workspace {
            name: name.clone().unwrap_or_else(|| current.name.clone()),
            email: email.clone().unwrap_or_else(|| current.email.clone()),
            plan: plan.unwrap_or(current.plan),
            reopen_on_message: patch.reopen_on_message.unwrap_or(current.reopen_on_message),
            ..current.clone()
        })
    })
    .await
}
