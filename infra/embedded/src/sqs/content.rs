//! Message attributes and digests: what a message carries beside its body, and the MD5 of both.

use std::collections::BTreeMap;

use data_encoding::{BASE64, HEXLOWER};
use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};

use super::refusal::{Code, Refusal};

/// How many attributes a message may have.
const MOST_ATTRIBUTES: usize = 10;

/// A message's attributes by name, in the order in which they are digested.
pub(super) type MessageAttributes = BTreeMap<String, MessageAttribute>;

/// One attribute of a message, as it stands in the protocol and in the database.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct MessageAttribute {
    data_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) string_value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    binary_value: Option<String>,
}

impl MessageAttribute {
    fn kind(&self) -> &str {
        self.data_type.split('.').next().unwrap_or_default()
    }

    /// The digest's mark of the kind of value, and the value's bytes.
    fn value(&self) -> Option<(u8, Vec<u8>)> {
        match self.kind() {
            "String" | "Number" => {
                let text = self.string_value.as_ref().filter(|text| !text.is_empty())?;
                Some((1, text.clone().into_bytes()))
            }
            "Binary" => {
                let bytes = BASE64.decode(self.binary_value.as_ref()?.as_bytes()).ok()?;
                (!bytes.is_empty()).then_some((2, bytes))
            }
            _ => None,
        }
    }
}

/// Checks a message's attributes and returns how many bytes they count towards its size.
pub(super) fn check_attributes(attributes: &MessageAttributes) -> Result<usize, Refusal> {
    if attributes.len() > MOST_ATTRIBUTES {
        let message = format!(
            "Number of message attributes [{}] exceeds the allowed maximum [{MOST_ATTRIBUTES}].",
            attributes.len()
        );
        return Err(Refusal::new(Code::InvalidParameterValue, message));
    }
    let mut size = 0;
    for (name, attribute) in attributes {
        if !is_name(name) {
            let message = format!("The message attribute name {name:?} is invalid.");
            return Err(Refusal::new(Code::InvalidParameterValue, message));
        }
        let Some((_, value)) = attribute.value() else {
            let message = format!(
                "The message attribute '{name}' must have a type of String, Number or Binary and a \
                 non-empty value of that type."
            );
            return Err(Refusal::new(Code::InvalidParameterValue, message));
        };
        size += name.len() + attribute.data_type.len() + value.len();
    }
    Ok(size)
}

fn is_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let reserved = lower.starts_with("aws.") || lower.starts_with("amazon.");
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
    (1..=256).contains(&name.len()) && plain && !reserved
}

/// Checks a body's characters: those that XML 1.0 allows.
pub(super) fn check_body(body: &str) -> Result<(), Refusal> {
    let allowed = |character: char| {
        matches!(character, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}')
            || character >= '\u{10000}'
    };
    match body.chars().find(|character| !allowed(*character)) {
        None => Ok(()),
        Some(character) => {
            let message =
                format!("Invalid characters found: U+{:04X} in the message.", u32::from(character));
            Err(Refusal::new(Code::InvalidMessageContents, message))
        }
    }
}

/// The MD5 of a body, in lower-case hexadecimal.
pub(super) fn body_md5(body: &str) -> String {
    HEXLOWER.encode(&Md5::digest(body.as_bytes()))
}

/// The MD5 of a message's attributes, or nothing when it has none.
///
/// Each attribute is written as its name, its type, a mark for text or bytes, and its value, all
/// but the mark with their length before them (AWS, "Calculating the MD5 message digest for
/// message attributes").
pub(super) fn attributes_md5(attributes: &MessageAttributes) -> Option<String> {
    if attributes.is_empty() {
        return None;
    }
    let mut digest = Md5::new();
    let mut put = |bytes: &[u8], mark: Option<u8>| {
        if let Some(mark) = mark {
            digest.update([mark]);
        }
        let length = u32::try_from(bytes.len()).expect("a message is smaller than 4 GiB");
        digest.update(length.to_be_bytes());
        digest.update(bytes);
    };
    for (name, attribute) in attributes {
        let (mark, value) = attribute.value().unwrap_or((1, Vec::new()));
        put(name.as_bytes(), None);
        put(attribute.data_type.as_bytes(), None);
        put(&value, Some(mark));
    }
    Some(HEXLOWER.encode(&digest.finalize()))
}
