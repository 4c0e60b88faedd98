//! From a request that the engine could not read to the exception that DynamoDB names for it.
//!
//! The engine's request types refuse bad values while they are being read, and say which exception
//! is meant by a marker at the head of the message. The markers are not part of its documented
//! interface: `tests/it/dynamo_refusals.rs` fails when one changes that an operation served here
//! can raise.

use dynoxide::DynoxideError;

/// What a marker stands for.
enum Meaning {
    Validation,
    RequestValidation,
    Serialization,
}

/// Every marker, with its meaning and whether the reader's position stays in the text.
const MARKERS: [(&str, Meaning, bool); 5] = [
    ("VALIDATION:", Meaning::Validation, false),
    ("VALIDATION_REQUEST:", Meaning::RequestValidation, false),
    ("VALIDATION_AS_READ:", Meaning::Validation, true),
    ("SERIALIZATION:", Meaning::Serialization, false),
    ("SERIALIZATION_AS_READ:", Meaning::Serialization, true),
];

/// Operations that wrap a refused request in DynamoDB's "1 validation error detected" envelope.
const ENVELOPED: [&str; 3] = ["PutItem", "UpdateItem", "DeleteItem"];

/// Names the exception for a request body that could not be read.
pub(super) fn from_unreadable(operation: &str, cause: &serde_json::Error) -> DynoxideError {
    let text = cause.to_string();
    for (marker, meaning, keeps_position) in MARKERS {
        let Some(rest) = text.strip_prefix(marker) else { continue };
        let message = if keeps_position { rest } else { without_position(rest) };
        return match meaning {
            Meaning::Validation => DynoxideError::ValidationException(message.to_owned()),
            Meaning::RequestValidation => {
                DynoxideError::ValidationException(enveloped(operation, message))
            }
            Meaning::Serialization => DynoxideError::SerializationException(message.to_owned()),
        };
    }
    unmarked(&text)
}

/// Names the exception for a message without a marker: DynamoDB calls what is missing or unknown
/// invalid, and what has the wrong JSON type unreadable.
fn unmarked(text: &str) -> DynoxideError {
    let message = without_position(text).to_owned();
    let invalid = ["missing field", "unknown variant", "invalid type: null"];
    if text.contains("empty AttributeValue") {
        let empty = "Supplied AttributeValue is empty, must contain exactly one of the supported \
                     datatypes";
        return DynoxideError::ValidationException(empty.to_owned());
    }
    if text.contains("Supplied AttributeValue") || invalid.iter().any(|mark| text.contains(mark)) {
        return DynoxideError::ValidationException(message);
    }
    DynoxideError::SerializationException(message)
}

fn enveloped(operation: &str, message: &str) -> String {
    if ENVELOPED.contains(&operation) {
        return format!("1 validation error detected: {message}");
    }
    message.to_owned()
}

/// Cuts the JSON reader's " at line N column N" off the end of a message.
fn without_position(text: &str) -> &str {
    match text.rsplit_once(" at line ") {
        Some((message, position)) if position.contains("column") => message,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use serde::de::Error;

    use super::*;

    /// Only operations that are not served raise these two, so no request can show them.
    #[test]
    fn the_markers_that_keep_the_position_keep_it() {
        let refused = |text: &str| from_unreadable("Query", &serde_json::Error::custom(text));
        let position = "bad at line 1 column 2";
        let serialization = refused("SERIALIZATION_AS_READ:bad at line 1 column 2");
        assert!(matches!(serialization, DynoxideError::SerializationException(m) if m == position));
        let validation = refused("VALIDATION_AS_READ:bad at line 1 column 2");
        assert!(matches!(validation, DynoxideError::ValidationException(m) if m == position));
    }
}
