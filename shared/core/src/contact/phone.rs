//! Phone numbers.

use std::fmt;

use crate::error::{Error, Result};

/// A phone number: 5 to 15 digits, perhaps with a plus before them.
#[derive(Clone, PartialEq, Eq)]
pub struct Phone(String);

impl Phone {
    /// Reads a number as people write it; `field` names it in the error.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it has other characters than a number, or too few or many digits.
    pub fn parse(field: &'static str, text: &str) -> Result<Self> {
        let trimmed = text.trim();
        let digits: String = trimmed.chars().filter(char::is_ascii_digit).collect();
        let rest = trimmed.strip_prefix('+').unwrap_or(trimmed);
        let written = rest.chars().all(|c| c.is_ascii_digit() || " -./()".contains(c));
        if !written || !(5..=15).contains(&digits.len()) {
            return Err(Error::invalid(field, "must be a phone number of 5 to 15 digits"));
        }
        let plus = if trimmed.starts_with('+') { "+" } else { "" };
        Ok(Self(format!("{plus}{digits}")))
    }

    /// The digits, with a plus where one was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Numbers are personal: they never stand in a log.
impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phone")
    }
}
