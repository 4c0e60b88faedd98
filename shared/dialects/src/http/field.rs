//! Reading the fields of a JSON object: every problem is collected, none hides another.

use std::borrow::Cow;
use std::collections::BTreeMap;

use aiva_core::error::{Error, Problem, Result};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::Failure;

/// The fields of a request. Each reading method answers `None` after it noted a problem, so that a
/// `let … else { return Err(fields.refusal()) }` over all of them is complete. Unknown fields are
/// ignored, whatever is in them, and `null` is a field left out.
#[derive(Debug)]
pub struct Fields {
    map: BTreeMap<String, Written>,
    problems: Vec<Problem>,
    other: Option<Error>,
}

/// A field's value: as it was sent, until somebody asks for it.
#[derive(Debug)]
enum Written {
    Read(Value),
    Sent(Box<RawValue>),
}

impl Written {
    /// The value; `None` for what cannot be held: a number out of range, or a value nested too deeply.
    fn value(&self) -> Option<Cow<'_, Value>> {
        match self {
            Self::Read(value) => Some(Cow::Borrowed(value)),
            Self::Sent(text) => serde_json::from_str(text.get()).ok().map(Cow::Owned),
        }
    }

    fn canonical(&self) -> String {
        match (self, self.value()) {
            (_, Some(value)) => value.to_string(),
            (Self::Sent(text), None) => text.get().to_owned(),
            (Self::Read(_), None) => String::new(),
        }
    }
}

impl Fields {
    /// Wraps an object.
    pub fn new(map: Map<String, Value>) -> Self {
        let read = map.into_iter().map(|(name, value)| (name, Written::Read(value)));
        Self { map: read.collect(), problems: Vec::new(), other: None }
    }

    /// Wraps an object whose fields are read when they are asked for.
    pub fn sent(map: BTreeMap<String, Box<RawValue>>) -> Self {
        let sent = map.into_iter().map(|(name, text)| (name, Written::Sent(text)));
        Self { map: sent.collect(), problems: Vec::new(), other: None }
    }

    /// Whether a field is there, `null` or not.
    pub fn has(&self, name: &str) -> bool {
        self.map.contains_key(name)
    }

    /// Whether a field is there and `null`.
    pub fn is_null(&self, name: &str) -> bool {
        self.map.get(name).and_then(Written::value).is_some_and(|value| value.is_null())
    }

    /// The object as bytes that are the same however it was written: sorted, without white space.
    pub fn canonical(&self) -> Vec<u8> {
        let fields = self
            .map
            .iter()
            .map(|(name, value)| format!("{}:{}", Value::from(name.as_str()), value.canonical()));
        format!("{{{}}}", fields.collect::<Vec<_>>().join(",")).into_bytes()
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
        let Some(written) = self.map.get(name) else { return Some(None) };
        let parsed = match written.value().as_deref() {
            Some(Value::Null) => return Some(None),
            Some(value) => parse(name, value),
            None => Err(Error::invalid(name, "holds a number or a nesting beyond what is read")),
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
    fn a_field_that_nobody_asks_for_may_hold_any_json() {
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        let json = format!(r#"{{"b": 1e400, "deep": {deep}, "a" : "x", "null":null}}"#);
        let mut fields = Fields::sent(serde_json::from_str(&json).unwrap());
        let canonical = format!(r#"{{"a":"x","b":1e400,"deep":{deep},"null":null}}"#);
        assert_eq!(fields.canonical(), canonical.as_bytes());
        assert_eq!(fields.required_text("a", as_written).as_deref(), Some("x"));
        assert!(fields.has("null") && fields.is_null("null") && !fields.is_null("deep"));
        assert!(fields.required("b", |_, _| Ok(())).is_none());
        assert!(fields.optional("deep", |_, _| Ok(())).is_none());
        let Error::Invalid(problems) = fields.error() else { panic!("nothing was noted") };
        assert_eq!(problems.len(), 2);
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
