//! Tools: what the agent may do beyond answering, by a signed call to an endpoint of the workspace's.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::id::{ProjectId, WorkspaceId};
use crate::reply::tokens;

mod call;
mod delete;
mod find;
mod list;
mod put;
mod record;
pub mod schema;

pub(crate) use call::{Ask, call};
pub use delete::delete;
pub use find::find;
pub use list::list;
pub use put::{PutTool, Saved, put};
pub use record::{CallPlace, CallState, RecordedCall, RecordedRound, StartedCall, ToolAnswer};

/// Tools that a project may have.
pub const MAX_TOOLS: u32 = 32;
/// Tokens that a definition costs beside its texts.
const PER_TOOL_TOKENS: u64 = 16;

/// The name of a tool, in its project: `[a-z][a-z0-9_]{0,47}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ToolName(String);

impl ToolName {
    /// The action that every agent has; no tool may be called like it.
    pub const ESCALATE: &'static str = "escalate_to_human";

    /// Reads a name.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it breaks the rule or is taken by the product itself.
    pub fn parse(text: &str) -> Result<Self> {
        let mut bytes = text.bytes();
        let begins = bytes.next().is_some_and(|byte| byte.is_ascii_lowercase());
        let goes_on = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if !begins || text.len() > 48 || !bytes.all(goes_on) {
            let problem = "must be 1 to 48 of a-z 0-9 _ and begin with a letter";
            return Err(Error::invalid("name", problem));
        }
        if text == Self::ESCALATE {
            return Err(Error::invalid("name", "is the name of a built-in action; choose another"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ToolName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// For whom a tool may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// For anybody.
    Public,
    /// For a contact who is verified at that moment; what it answers is private.
    Personal,
}

impl Access {
    /// The access on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Personal => "personal",
        }
    }

    /// The access with this name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Public, Self::Personal].into_iter().find(|access| access.as_str() == text)
    }
}

/// One tool of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tool {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The project.
    pub project: ProjectId,
    /// Its name there.
    pub name: ToolName,
    /// What it does, in words for the model.
    pub description: String,
    /// The JSON Schema of its arguments, as JSON text.
    pub parameters: String,
    /// The endpoint, as it was vetted when it was saved; vetted again at every connect.
    pub url: String,
    /// The secret that signs its calls, sealed (see [`crate::ports::Vault`]).
    pub sealed_secret: String,
    /// For whom it may be called.
    pub access: Access,
    /// Whether a call may be sent again with the same call id.
    pub repeatable: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Tool {
    /// Our own, pessimistic count of what its definition adds to a prompt, in tokens.
    pub fn definition_tokens(&self) -> u64 {
        definition_tokens(self.name.as_str(), &self.description, &self.parameters)
    }
}

/// The tokens of any definition.
pub(crate) fn definition_tokens(name: &str, description: &str, parameters: &str) -> u64 {
    let texts = [name, description, parameters];
    texts.into_iter().map(tokens::estimate).sum::<u64>() + PER_TOOL_TOKENS
}

/// What a project knows of its tools without reading them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Toolset {
    /// How many there are.
    pub count: u32,
    /// What their definitions add to a prompt, in tokens.
    pub tokens: u32,
}

/// A change of one tool, with what was read before it; all of it is one transaction.
#[derive(Debug, Clone)]
pub struct ToolChange {
    /// The tool as it was read; `None` where there was none.
    pub before: Option<Tool>,
    /// The tool as it will be; `None` where it is deleted.
    pub after: Option<Tool>,
}

/// What came of a [`ToolChange`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToolChanged {
    /// It is stored, and counted in the project.
    Stored,
    /// The tool changed since it was read; nothing is stored.
    Stale,
    /// The project has [`MAX_TOOLS`]; nothing is stored.
    TooMany,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_plain_and_not_the_products_own() {
        for good in ["a", "order_status", "x9", &"a".repeat(48)] {
            assert!(ToolName::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "9a", "_a", "Order", "order-status", "é", "a b", &"a".repeat(49)] {
            assert!(ToolName::parse(bad).is_err(), "{bad}");
        }
        assert!(ToolName::parse(ToolName::ESCALATE).is_err());
    }
}
