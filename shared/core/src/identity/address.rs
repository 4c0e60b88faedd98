//! The address that a link is mailed to.

use std::fmt;

use crate::error::Result;
use crate::workspace;

/// An address that a mail could plausibly reach, at most 254 bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct EmailAddress(String);

impl EmailAddress {
    /// Reads an address; `field` names it in the error.
    ///
    /// # Errors
    /// [`crate::error::Error::Invalid`] when no mail could reach it.
    pub fn parse(field: &'static str, text: &str) -> Result<Self> {
        workspace::email(field, text).map(Self)
    }

    /// The address as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address as it is counted: its letters in any case are one mailbox.
    pub fn counted(&self) -> String {
        self.0.to_lowercase()
    }
}

/// Addresses are personal: they never stand in a log.
impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailAddress")
    }
}
