//! Operators: people who run a workspace, each with a token and a role.
//!
//! The deployment's own operator has a token in its secret store and may do everything; the operators
//! of a workspace are made by that one, and see their workspace alone.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::id::{self, BareOperatorId, ID_CHARS, InvalidId, WorkspaceId};
use crate::key::SecretHash;
use crate::ports::Entropy;
use crate::text::Label;

mod authenticate;
mod create;
mod revoke;

pub use authenticate::authenticate;
pub use create::{CreateOperator, create};
pub use revoke::revoke;

/// What an operator may do; each may do what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads the workspace and works in its inbox.
    Agent,
    /// Runs the workspace.
    Owner,
    /// Runs the deployment: workspaces, plans, prices and credit. No token of a workspace has it.
    Deployment,
}

impl Role {
    /// The role with this name, of those that a workspace's operator may have.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Agent, Self::Owner].into_iter().find(|role| role.as_str() == text)
    }

    /// The role on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Owner => "owner",
            Self::Deployment => "deployment",
        }
    }
}

/// Names an operator of a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OperatorId {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The operator inside it.
    pub operator: BareOperatorId,
}

impl OperatorId {
    fn bare(self) -> String {
        format!("{}{}", self.workspace.bare(), self.operator.bare())
    }

    fn from_bare(text: &str) -> Option<Self> {
        let (workspace, operator) = text.split_at_checked(ID_CHARS)?;
        Some(Self {
            workspace: WorkspaceId::from_bare(workspace)?,
            operator: BareOperatorId::from_bare(operator)?,
        })
    }
}

impl fmt::Display for OperatorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "op_{}", self.bare())
    }
}

impl FromStr for OperatorId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        text.strip_prefix("op_").and_then(Self::from_bare).ok_or(InvalidId)
    }
}

/// One operator of a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// Who.
    pub id: OperatorId,
    /// What they are called.
    pub name: Label,
    /// Where they are reached.
    pub email: String,
    /// What they may do.
    pub role: Role,
    /// When the token was made.
    pub created_at: Timestamp,
    /// When it was taken back, if it was.
    pub revoked_at: Option<Timestamp>,
}

/// What an operator sends: `opk_<id>_<secret>`.
#[derive(Debug, Clone)]
pub struct OperatorToken {
    /// Who.
    pub id: OperatorId,
    secret: SecretString,
}

/// Characters of 256 bits in base32.
const SECRET_CHARS: usize = 52;

impl OperatorToken {
    /// Makes a fresh secret of 256 bits.
    pub fn new(id: OperatorId, entropy: &impl Entropy) -> Self {
        let mut secret = [0_u8; 32];
        entropy.fill(&mut secret);
        Self { id, secret: SecretString::from(id::base32(&secret)) }
    }

    /// Reads a token; `None` when the text has not the form of one.
    pub fn parse(text: &str) -> Option<Self> {
        let (id, secret) = text.strip_prefix("opk_")?.split_once('_')?;
        if secret.len() != SECRET_CHARS || id.len() != 2 * ID_CHARS {
            return None;
        }
        Some(Self { id: OperatorId::from_bare(id)?, secret: SecretString::from(secret) })
    }

    /// The text that is shown once.
    pub fn reveal(&self) -> SecretString {
        format!("opk_{}_{}", self.id.bare(), self.secret.expose_secret()).into()
    }

    /// What is stored of the secret. It has 256 random bits, so a plain hash is enough.
    pub fn hash(&self) -> SecretHash {
        SecretHash(Sha256::digest(self.secret.expose_secret().as_bytes()).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(u8);
    impl Entropy for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    #[test]
    fn a_token_reads_back_and_its_secret_never_shows_in_debug_output() {
        let id = OperatorId {
            workspace: WorkspaceId::from_uuid(uuid::Uuid::from_u128(7)),
            operator: BareOperatorId::from_uuid(uuid::Uuid::from_u128(8)),
        };
        let token = OperatorToken::new(id, &Fixed(9));
        let text = token.reveal();
        let read = OperatorToken::parse(text.expose_secret()).unwrap();
        assert_eq!((read.id, read.hash()), (id, token.hash()));
        let secret = text.expose_secret().rsplit('_').next().unwrap().to_owned();
        assert!(!format!("{read:?}").contains(&secret));
        assert_eq!(id.to_string().parse::<OperatorId>().unwrap(), id);
        for bent in ["", "opk_", "ak_x_y", &text.expose_secret()[1..]] {
            assert!(OperatorToken::parse(bent).is_none(), "{bent:?}");
        }
    }

    #[test]
    fn a_workspaces_operator_is_an_owner_or_an_agent_and_roles_are_in_order() {
        assert_eq!(Role::parse("owner"), Some(Role::Owner));
        assert_eq!(Role::parse("agent"), Some(Role::Agent));
        assert_eq!(Role::parse("deployment"), None);
        assert!(Role::Agent < Role::Owner && Role::Owner < Role::Deployment);
    }
}
