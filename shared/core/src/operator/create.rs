//! Making an operator of a workspace. The token is shown once, in the answer, and kept as a hash.

use secrecy::SecretString;

use super::{Operator, OperatorId, OperatorToken, Role};
use crate::error::{Error, Result};
use crate::id::BareOperatorId;
use crate::ports::{Clock, Entropy, OperatorStore};
use crate::text::Label;
use crate::workspace::{self, Workspace};

/// An operator to make, as it was written.
#[derive(Debug, Clone, Default)]
pub struct CreateOperator {
    /// What they are called.
    pub name: String,
    /// Where they are reached.
    pub email: String,
    /// `owner` or `agent`.
    pub role: String,
}

/// Makes an operator and answers the token, to be shown once. `env` is the request's randomness: a
/// repeated request makes the same one again.
///
/// # Errors
/// [`Error::Invalid`] for a field that breaks its rule.
pub async fn create(
    store: &impl OperatorStore,
    env: &(impl Clock + Entropy),
    workspace: &Workspace,
    command: CreateOperator,
) -> Result<(Operator, SecretString)> {
    let name = Label::parse("name", &command.name)?;
    let email = workspace::email("email", &command.email)?;
    let role = Role::parse(&command.role);
    let role = role.ok_or_else(|| Error::invalid("role", "must be owner or agent"))?;
    let now = env.now();
    let id = OperatorId { workspace: workspace.id, operator: BareOperatorId::new(now, env) };
    let token = OperatorToken::new(id, env);
    let operator = Operator { id, name, email, role, created_at: now, revoked_at: None };
    store.create_operator(&operator, &token.hash()).await?;
    Ok((operator, token.reveal()))
}
