//! Reading the fields of a JSON object: every problem is collected, none hides another.

use aiva_core::error::{Error, Problem, Result};
use serde_json::{Map, Value};

use super::Failure;

/// The fields of a request. Each reading method answers `None` after it noted a problem, so that a
/// `let … else { return Err(fields.refusal()) }` over all of them is complete. Unknown fields are
/// ignored, and `null` is a field left out.
#[derive(Debug)]
pub struct Fields {
    map: Map<String, Value>,
    problems: Vec<Problem>,
    other: Option<Error>,
}

impl Fields {
    /// Wraps an object.
    pub fn new(map: Map<String, Value>) -> Self {
        Self { map, problems: Vec::new(), other: None }
    }

    /// The value as it stands, `null` included; `None` when the field is absent.
    pub fn raw(&self, name: &str) -> Option<&Value> {
        self.map.get(name)
    }

    /// The object as bytes that are the same however it was written: sorted, without white space.
    pub fn canonical(&self) -> Vec<u8> {
        serde_json::to_vec(&self.map).unwrap_or_default()
    }

    /// Reads a field that must be there.
    pub fn required<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&'static str, &Value) -> Result<T>,
    ) -> Option<T> {
        let found = self.optional(name, parse)?;
        if found.is_none() {
            self.note(Error::invalid(name, "is required"));
        }
        found
    }

    /// Reads a field that may be left out: `Some(None)` when it is.
    pub fn optional<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&'static str, &Value) -> Result<T>,
    ) -> Option<Option<T>> {
        let parsed = match self.map.get(name) {
            None | Some(Value::Null) => return Some(None),
            Some(value) => parse(name, value),
        };
        match parsed {
            Ok(read) => Some(Some(read)),
            Err(error) => {
                self.note(error);
                None
            }
        }
    }

    /// Reads a text that must be there.
    pub fn required_text<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&'static str, &str) -> Result<T>,
    ) -> Option<T> {
        self.required(name, |field, value| parse(field, text(field, value)?))
    }

    /// Reads a text that may be left out: `Some(None)` when it is.
    pub fn optional_text<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&'static str, &str) -> Result<T>,
    ) -> Option<Option<T>> {
        self.optional(name, |field, value| parse(field, text(field, value)?))
    }

    /// Reads a text that may be left out; a blank one is left out, too.
    pub fn optional_filled<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&'static str, &str) -> Result<T>,
    ) -> Option<Option<T>> {
        let read = |field, value: &Value| match text(field, value)? {
            blank if blank.trim().is_empty() => Ok(None),
            filled => parse(field, filled).map(Some),
        };
        self.optional(name, read).map(Option::flatten)
    }

    /// Notes an error of a field that was read elsewhere.
    pub fn note(&mut self, error: Error) {
        if let Error::Invalid(problems) = error {
            self.problems.extend(problems);
        } else if self.other.is_none() {
            self.other = Some(error);
        }
    }

    /// Everything that was noted, as one refusal: broken rules before anything else.
    pub fn refusal(self) -> Failure {
        self.error().into()
    }

    /// The same for an object inside another.
    pub fn error(self) -> Error {
        match self.other {
            Some(error) if self.problems.is_empty() => error,
            Some(_) | None => Error::Invalid(self.problems),
        }
    }
}

/// The value as text.
///
/// # Errors
/// [`Error::Invalid`] when it is none.
pub fn text<'a>(field: &'static str, value: &'a Value) -> Result<&'a str> {
    value.as_str().ok_or_else(|| Error::invalid(field, "must be a string"))
}

/// A text as it was written; the use case judges it.
///
/// # Errors
/// Never; it has the shape of its fellows.
pub fn as_written(_: &'static str, text: &str) -> Result<String> {
    Ok(text.to_owned())
}

/// The value as a whole number from 0.
///
/// # Errors
/// [`Error::Invalid`] when it is none.
pub fn unsigned(field: &'static str, value: &Value) -> Result<u64> {
    value.as_u64().ok_or_else(|| Error::invalid(field, "must be a whole number from 0"))
}

/// The value as `true` or `false`.
///
/// # Errors
/// [`Error::Invalid`] when it is neither.
pub fn yes_or_no(field: &'static str, value: &Value) -> Result<bool> {
    value.as_bool().ok_or_else(|| Error::invalid(field, "must be true or false"))
}

/// The value as a list of texts.
///
/// # Errors
/// [`Error::Invalid`] when it is none.
pub fn list(field: &'static str, value: &Value) -> Result<Vec<String>> {
    let refused = || Error::invalid(field, "must be a list of strings");
    let items = value.as_array().ok_or_else(refused)?;
    items.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(refused)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aiva_core::text::{Content, ExternalId};

    fn fields(json: &str) -> Fields {
        Fields::new(serde_json::from_str(json).unwrap())
    }

    #[test]
    fn every_problem_is_told_and_names_its_field() {
        let mut fields = fields(r#"{"a": 1, "b": "x y", "d": null}"#);
        assert!(fields.required_text("a", ExternalId::parse).is_none());
        assert!(fields.optional_text("b", ExternalId::parse).is_none());
        assert!(fields.required_text("c", ExternalId::parse).is_none());
        assert_eq!(fields.optional_text("d", ExternalId::parse), Some(None));
        let Failure::Core(Error::Invalid(problems)) = fields.refusal() else {
            panic!("not a list of problems");
        };
        let named: Vec<_> = problems.iter().map(|problem| problem.field.as_ref()).collect();
        assert_eq!(named, ["a", "b", "c"]);
    }

    #[test]
    fn a_broken_rule_is_told_before_a_message_that_is_too_long() {
        let long = format!(r#"{{"content": "{}"}}"#, "x".repeat(16_001));
        let mut alone = fields(&long);
        assert!(alone.required_text("content", Content::parse).is_none());
        assert!(matches!(
            alone.refusal(),
            Failure::Core(Error::MessageTooLong { field: "content" })
        ));
        let mut both = fields(&long);
        assert!(both.required_text("content", Content::parse).is_none());
        assert!(both.required_text("id", ExternalId::parse).is_none());
        assert!(matches!(both.refusal(), Failure::Core(Error::Invalid(_))));
    }
}
