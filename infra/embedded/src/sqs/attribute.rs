//! Queue attributes: which there are, what values they take, and what they are when nobody set them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::refusal::{Code, Refusal};

/// The attributes of a queue as they were set, by name.
pub(super) type Attributes = BTreeMap<String, String>;

/// Numeric attributes with their smallest, largest and default value.
const NUMBERS: [(&str, i64, i64, i64); 6] = [
    ("DelaySeconds", 0, 900, 0),
    ("KmsDataKeyReusePeriodSeconds", 60, 86_400, 300),
    ("MaximumMessageSize", 1024, 1_048_576, 1_048_576),
    ("MessageRetentionPeriod", 60, 1_209_600, 345_600),
    ("ReceiveMessageWaitTimeSeconds", 0, 20, 0),
    ("VisibilityTimeout", 0, 43_200, 30),
];
/// Attributes that are true or false.
const FLAGS: [&str; 2] = ["ContentBasedDeduplication", "SqsManagedSseEnabled"];
/// Attributes with a closed list of values.
const CHOICES: [(&str, [&str; 2]); 2] = [
    ("DeduplicationScope", ["queue", "messageGroup"]),
    ("FifoThroughputLimit", ["perQueue", "perMessageGroupId"]),
];
/// Attributes that hold a document or a name and are kept as they come.
const TEXTS: [&str; 4] = ["KmsMasterKeyId", "Policy", "RedriveAllowPolicy", "RedrivePolicy"];
/// Attributes that only the service sets.
const COMPUTED: [&str; 6] = [
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
    "QueueArn",
];
/// Attributes that only FIFO queues have.
const FIFO_ONLY: [&str; 4] =
    ["ContentBasedDeduplication", "DeduplicationScope", "FifoQueue", "FifoThroughputLimit"];

/// Reads a numeric attribute, or its default.
pub(super) fn number(attributes: &Attributes, name: &str) -> i64 {
    let default = NUMBERS.iter().find(|known| known.0 == name).map_or(0, |known| known.3);
    attributes.get(name).and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Says whether a name may be asked for.
pub(super) fn is_known(name: &str) -> bool {
    name == "All" || COMPUTED.contains(&name) || name == "FifoQueue" || is_settable(name)
}

fn is_settable(name: &str) -> bool {
    NUMBERS.iter().any(|known| known.0 == name)
        || FLAGS.contains(&name)
        || CHOICES.iter().any(|known| known.0 == name)
        || TEXTS.contains(&name)
}

/// Checks attributes that a caller sets on a queue.
pub(super) fn check(given: &Attributes, is_fifo: bool) -> Result<(), Refusal> {
    for (name, value) in given {
        let name = name.as_str();
        if FIFO_ONLY.contains(&name) && !is_fifo {
            let message = format!("Unknown Attribute {name}.");
            return Err(Refusal::new(Code::InvalidAttributeName, message));
        }
        if name == "FifoQueue" {
            check_value(name, value, value == "true")?;
            continue;
        }
        if !is_settable(name) {
            let message = format!("Unknown Attribute {name}.");
            return Err(Refusal::new(Code::InvalidAttributeName, message));
        }
        check_value(name, value, is_valid(name, value))?;
    }
    Ok(())
}

fn is_valid(name: &str, value: &str) -> bool {
    if let Some((_, least, most, _)) = NUMBERS.iter().find(|known| known.0 == name) {
        return value.parse::<i64>().is_ok_and(|number| (*least..=*most).contains(&number));
    }
    if FLAGS.contains(&name) {
        return matches!(value, "true" | "false");
    }
    if let Some((_, choices)) = CHOICES.iter().find(|known| known.0 == name) {
        return choices.contains(&value);
    }
    match name {
        "RedrivePolicy" => value.is_empty() || RedrivePolicy::parse(value).is_some(),
        "Policy" | "RedriveAllowPolicy" => {
            value.is_empty() || serde_json::from_str::<Value>(value).is_ok()
        }
        _ => true,
    }
}

fn check_value(name: &str, value: &str, is_valid: bool) -> Result<(), Refusal> {
    if is_valid {
        return Ok(());
    }
    let message = format!("Invalid value for the parameter {name}: {value:?}.");
    Err(Refusal::new(Code::InvalidAttributeValue, message))
}

/// Adds the values of what nobody set, as the service reports them.
pub(super) fn with_defaults(set: &Attributes, is_fifo: bool) -> Attributes {
    let mut all = set.clone();
    for (name, _, _, default) in NUMBERS {
        if name != "KmsDataKeyReusePeriodSeconds" {
            all.entry(name.to_owned()).or_insert_with(|| default.to_string());
        }
    }
    all.entry("SqsManagedSseEnabled".to_owned()).or_insert_with(|| "true".to_owned());
    if is_fifo {
        let fifo = [
            ("FifoQueue", "true"),
            ("ContentBasedDeduplication", "false"),
            ("DeduplicationScope", "queue"),
            ("FifoThroughputLimit", "perQueue"),
        ];
        for (name, default) in fifo {
            all.entry(name.to_owned()).or_insert_with(|| default.to_owned());
        }
    }
    all
}

/// Where messages go that were received too often.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RedrivePolicy {
    pub(super) target: String,
    pub(super) max_receives: i64,
}

impl RedrivePolicy {
    /// Reads the policy's JSON; the count may be a number or digits.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let policy: Value = serde_json::from_str(text).ok()?;
        let target = policy["deadLetterTargetArn"].as_str()?.to_owned();
        let count = &policy["maxReceiveCount"];
        let max_receives = count.as_i64().or_else(|| count.as_str()?.parse().ok())?;
        (1..=1000).contains(&max_receives).then_some(Self { target, max_receives })
    }
}
