//! Bounded text: types that cannot hold what the contract forbids.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// An identifier of the integrator's own (conversation or user): 1–128 of `[A-Za-z0-9._:@+=~-]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ExternalId(String);

impl ExternalId {
    /// The greatest length, in characters.
    pub const MAX_CHARS: usize = 128;

    /// Reads an identifier; `field` names it in the error.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is empty, too long or has a character outside the set.
    pub fn parse(field: &'static str, text: &str) -> Result<Self> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._:@+=~-".contains(&byte);
        if text.is_empty() || text.len() > Self::MAX_CHARS || !text.bytes().all(allowed) {
            return Err(Error::invalid(
                field,
                "must be 1 to 128 characters of A-Z a-z 0-9 . _ : @ + = ~ -",
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ExternalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a person or the agent says: 1–16,000 characters after trimming.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Content(String);

impl Content {
    /// The greatest length, in characters.
    pub const MAX_CHARS: usize = 16_000;

    /// Trims and checks a message.
    ///
    /// # Errors
    /// [`Error::Invalid`] when nothing is left, [`Error::MessageTooLong`] above the limit.
    pub fn parse(field: &'static str, text: &str) -> Result<Self> {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Err(Error::invalid(field, "must not be empty"));
        }
        if trimmed.chars().count() > Self::MAX_CHARS {
            return Err(Error::MessageTooLong { field });
        }
        Ok(Self(trimmed.to_owned()))
    }

    /// Takes a reply of the agent, cutting it at the limit; a blank one becomes `fallback`.
    pub fn of_reply(text: &str, fallback: &str) -> Self {
        let trimmed = text.trim();
        let kept: String = trimmed.chars().take(Self::MAX_CHARS).collect();
        Self(if kept.is_empty() { fallback.to_owned() } else { kept })
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Contents are customers' words: they never stand in a log.
impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Content({} bytes)", self.0.len())
    }
}

/// What an integrator's system says of the person it chats for: 1–4,000 characters after trimming. It
/// is data from outside, for the prompt alone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Background(String);

impl Background {
    /// The greatest length, in characters.
    pub const MAX_CHARS: usize = 4_000;

    /// Trims and checks it; `None` when nothing is left.
    ///
    /// # Errors
    /// [`Error::Invalid`] above the limit.
    pub fn parse(field: &'static str, text: &str) -> Result<Option<Self>> {
        let trimmed = text.trim();
        if trimmed.chars().count() > Self::MAX_CHARS {
            return Err(Error::invalid(field, "must be at most 4,000 characters"));
        }
        Ok((!trimmed.is_empty()).then(|| Self(trimmed.to_owned())))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// It tells of people: it never stands in a log.
impl fmt::Debug for Background {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Background({} bytes)", self.0.len())
    }
}

/// A label that people read (a name, a title): 1–200 characters after trimming, no control characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Label(String);

impl Label {
    /// The greatest length, in characters.
    pub const MAX_CHARS: usize = 200;

    /// Trims and checks a label; `field` names it in the error.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is empty, too long or has control characters.
    pub fn parse(field: &'static str, text: &str) -> Result<Self> {
        let trimmed = text.trim();
        let length = trimmed.chars().count();
        if length == 0 || length > Self::MAX_CHARS || trimmed.chars().any(char::is_control) {
            return Err(Error::invalid(
                field,
                "must be 1 to 200 characters without control characters",
            ));
        }
        Ok(Self(trimmed.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An idempotency key: 1–128 printable ASCII characters, kept in lower case where it is a UUID.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Reads the value of the `Idempotency-Key` header.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is empty, too long or not printable ASCII.
    pub fn parse(field: &'static str, text: &str) -> Result<Self> {
        if text.is_empty() || text.len() > 128 || !text.bytes().all(|b| (0x20..0x7f).contains(&b)) {
            return Err(Error::invalid(field, "must be 1 to 128 printable ASCII characters"));
        }
        Ok(uuid::Uuid::try_parse(text)
            .map_or_else(|_| Self(text.to_owned()), |uuid| Self(uuid.hyphenated().to_string())))
    }

    /// Reads a key that must be a UUID of any version, in any case.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is not a UUID.
    pub fn parse_uuid(field: &'static str, text: &str) -> Result<Self> {
        match uuid::Uuid::try_parse(text) {
            Ok(uuid) if text.len() == 36 => Ok(Self(uuid.hyphenated().to_string())),
            _ => Err(Error::invalid(field, "must be a UUID")),
        }
    }

    /// The canonical text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text as it stands in HTML, in an element or in a quoted attribute.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_trimmed_and_counted_in_characters() {
        assert_eq!(Content::parse("content", "  hi \n").unwrap().as_str(), "hi");
        assert!(Content::parse("content", &"é".repeat(16_000)).is_ok());
        assert!(matches!(
            Content::parse("content", &"é".repeat(16_001)),
            Err(Error::MessageTooLong { field: "content" })
        ));
        assert!(Content::parse("content", " \t ").is_err());
    }

    #[test]
    fn a_uuid_key_is_the_same_key_in_any_case() {
        let upper = IdempotencyKey::parse_uuid("k", "6F9619FF-8B86-D011-B42D-00CF4FC964FF");
        let lower = IdempotencyKey::parse("k", "6f9619ff-8b86-d011-b42d-00cf4fc964ff");
        assert_eq!(upper.unwrap(), lower.unwrap());
        assert!(IdempotencyKey::parse_uuid("k", "6f9619ff8b86d011b42d00cf4fc964ff").is_err());
    }

    #[test]
    fn an_external_id_takes_the_contracts_characters_only() {
        assert!(ExternalId::parse("id", "order-4821:a@b+c=d~e.f_g").is_ok());
        for bad in ["", "a b", "a/b", "é", &"x".repeat(129)] {
            assert!(ExternalId::parse("id", bad).is_err(), "{bad:?}");
        }
    }
}
