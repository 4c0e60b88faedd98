//! The five wire formats one deployment speaks.

use serde::{Deserialize, Serialize};

/// One vendor's wire format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// The native dialect.
    #[default]
    Aiva,
    /// Aivastark: sources, query with streaming, widgets.
    Aivastark,
    /// Aksita: sessions and synchronous chat.
    Aksita,
    /// AeroChat: contacts, conversations, paged messages.
    Aerochat,
    /// Asyntai: websites, sessions, leads, knowledge.
    Asyntai,
}

impl Dialect {
    /// Every dialect, in the order of the documents.
    pub const ALL: [Self; 5] =
        [Self::Aiva, Self::Aivastark, Self::Aksita, Self::Aerochat, Self::Asyntai];

    /// The name in configuration, logs and paths.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aiva => "aiva",
            Self::Aivastark => "aivastark",
            Self::Aksita => "aksita",
            Self::Aerochat => "aerochat",
            Self::Asyntai => "asyntai",
        }
    }

    /// The dialect with this name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.as_str() == text)
    }
}
