//! Widgets: a project's agent on the pages of a website.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

use crate::id::{ID_CHARS, InvalidId, ProjectId, WidgetId, WorkspaceId};
use crate::text::Label;

mod create;
mod delete;
mod origin;
mod theme;
mod update;

pub use create::{CreateWidget, create};
pub use delete::delete;
pub use origin::{MAX_ORIGINS, Origin};
pub use theme::Theme;
pub use update::{WidgetPatch, update};

/// One deployment of the agent on a website.
#[derive(Debug, Clone, PartialEq)]
pub struct Widget {
    /// Our id.
    pub id: WidgetId,
    /// Whose it is.
    pub workspace: WorkspaceId,
    /// Whose agent speaks in it.
    pub project: ProjectId,
    /// What its owner calls it.
    pub name: Label,
    /// The sites whose pages may show it; none at all is nowhere.
    pub allowed_origins: Vec<Origin>,
    /// What it says before anyone speaks.
    pub greeting: Option<Greeting>,
    /// How it looks.
    pub theme: Theme,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Widget {
    /// The key that its script shows to the world.
    pub fn embed_key(&self) -> EmbedKey {
        EmbedKey { workspace: self.workspace, project: self.project, widget: self.id }
    }
}

/// What stands in a page's source to name a widget. It is public: it opens the widget's chat on the
/// allowed origins and nothing else, and no API takes it for a key. It names the row that it stands
/// for, and has the 74 random bits of the widget's id, so that it can be neither counted nor guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EmbedKey {
    /// Whose widget it is.
    pub workspace: WorkspaceId,
    /// Its project.
    pub project: ProjectId,
    /// The widget.
    pub widget: WidgetId,
}

const EMBED_PREFIX: &str = "emb_";

impl fmt::Display for EmbedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (workspace, project) = (self.workspace.bare(), self.project.bare());
        write!(f, "{EMBED_PREFIX}{workspace}{project}{}", self.widget.bare())
    }
}

impl FromStr for EmbedKey {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let read = || {
            let bare = text.strip_prefix(EMBED_PREFIX)?;
            let (workspace, rest) = bare.split_at_checked(ID_CHARS)?;
            let (project, widget) = rest.split_at_checked(ID_CHARS)?;
            Some(Self {
                workspace: WorkspaceId::from_bare(workspace)?,
                project: ProjectId::from_bare(project)?,
                widget: WidgetId::from_bare(widget)?,
            })
        };
        read().ok_or(InvalidId)
    }
}

/// What a widget says first: 1–1,000 characters after trimming.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Greeting(String);

impl Greeting {
    /// The greatest length, in characters.
    pub const MAX_CHARS: usize = 1_000;

    /// Trims and checks a greeting; `field` names it in the error.
    ///
    /// # Errors
    /// [`crate::error::Error::Invalid`] when nothing is left, or too much.
    pub fn parse(field: &'static str, text: &str) -> crate::error::Result<Self> {
        let trimmed = text.trim();
        if trimmed.is_empty() || trimmed.chars().count() > Self::MAX_CHARS {
            return Err(crate::error::Error::invalid(field, "must be 1 to 1,000 characters"));
        }
        Ok(Self(trimmed.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::KeyToken;
    use crate::ports::Entropy;

    struct Sevens;
    impl Entropy for Sevens {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(7);
        }
    }

    fn embed_key() -> EmbedKey {
        let now = Timestamp::from_millisecond(1_700_000_000_000).unwrap();
        EmbedKey {
            workspace: WorkspaceId::new(now, &Sevens),
            project: ProjectId::new(now, &Sevens),
            widget: WidgetId::new(now, &Sevens),
        }
    }

    #[test]
    fn an_embed_key_names_its_widget_and_reads_back() {
        let key = embed_key();
        let text = key.to_string();
        assert_eq!(text.len(), 4 + 3 * ID_CHARS);
        assert_eq!(text.parse(), Ok(key));
        for bad in ["", "emb_", &text[..60], &text[4..], &format!("{text}0")] {
            assert!(bad.parse::<EmbedKey>().is_err(), "{bad}");
        }
    }

    #[test]
    fn an_embed_key_is_never_an_api_key() {
        let text = embed_key().to_string();
        assert!(KeyToken::parse(&text).is_none());
        assert!(KeyToken::parse(&format!("ak_{}_{}", &text[4..56], &text[4..56])).is_some());
    }

    #[test]
    fn a_greeting_is_trimmed_and_bounded() {
        assert_eq!(Greeting::parse("greeting", " Hi!\n").unwrap().as_str(), "Hi!");
        assert!(Greeting::parse("greeting", "  ").is_err());
        assert!(Greeting::parse("greeting", &"é".repeat(1_001)).is_err());
    }
}
