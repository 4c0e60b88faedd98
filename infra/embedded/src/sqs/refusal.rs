//! The errors of the SQS protocol: each with its JSON shape and the older code that the SDKs read.

use serde_json::{Value, json};

/// The errors that the engine answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    BatchEntryIdsNotDistinct,
    BatchRequestTooLong,
    EmptyBatchRequest,
    Internal,
    InvalidAction,
    InvalidAttributeName,
    InvalidAttributeValue,
    InvalidBatchEntryId,
    InvalidMessageContents,
    InvalidParameterValue,
    MessageNotInflight,
    MissingParameter,
    QueueDoesNotExist,
    QueueNameExists,
    ReceiptHandleIsInvalid,
    ResourceNotFound,
    Serialization,
    TooManyEntriesInBatchRequest,
}

impl Code {
    /// The name of the error's JSON shape.
    const fn shape(self) -> &'static str {
        match self {
            Self::BatchEntryIdsNotDistinct => "BatchEntryIdsNotDistinct",
            Self::BatchRequestTooLong => "BatchRequestTooLong",
            Self::EmptyBatchRequest => "EmptyBatchRequest",
            Self::Internal => "InternalFailure",
            Self::InvalidAction => "InvalidAction",
            Self::InvalidAttributeName => "InvalidAttributeName",
            Self::InvalidAttributeValue => "InvalidAttributeValue",
            Self::InvalidBatchEntryId => "InvalidBatchEntryId",
            Self::InvalidMessageContents => "InvalidMessageContents",
            Self::InvalidParameterValue => "InvalidParameterValue",
            Self::MessageNotInflight => "MessageNotInflight",
            Self::MissingParameter => "MissingParameter",
            Self::QueueDoesNotExist => "QueueDoesNotExist",
            Self::QueueNameExists => "QueueNameExists",
            Self::ReceiptHandleIsInvalid => "ReceiptHandleIsInvalid",
            Self::ResourceNotFound => "ResourceNotFoundException",
            Self::Serialization => "SerializationException",
            Self::TooManyEntriesInBatchRequest => "TooManyEntriesInBatchRequest",
        }
    }

    /// The code of the older query protocol, by which the SDK picks the typed error.
    pub(super) const fn query_code(self) -> &'static str {
        match self {
            Self::BatchEntryIdsNotDistinct => "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
            Self::BatchRequestTooLong => "AWS.SimpleQueueService.BatchRequestTooLong",
            Self::EmptyBatchRequest => "AWS.SimpleQueueService.EmptyBatchRequest",
            Self::InvalidBatchEntryId => "AWS.SimpleQueueService.InvalidBatchEntryId",
            Self::MessageNotInflight => "AWS.SimpleQueueService.MessageNotInflight",
            Self::QueueDoesNotExist => "AWS.SimpleQueueService.NonExistentQueue",
            Self::QueueNameExists => "QueueAlreadyExists",
            Self::TooManyEntriesInBatchRequest => {
                "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"
            }
            Self::Internal
            | Self::InvalidAction
            | Self::InvalidAttributeName
            | Self::InvalidAttributeValue
            | Self::InvalidMessageContents
            | Self::InvalidParameterValue
            | Self::MissingParameter
            | Self::ReceiptHandleIsInvalid
            | Self::ResourceNotFound
            | Self::Serialization => self.shape(),
        }
    }

    /// Says whether the sender could have avoided the error.
    const fn is_senders(self) -> bool {
        !matches!(self, Self::Internal)
    }
}

/// A refused request: the error and the text for the caller.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) code: Code,
    pub(super) message: String,
}

impl Refusal {
    pub(super) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// A parameter whose value AWS refuses, worded as AWS does.
    pub(super) fn parameter(name: &str, value: &str, reason: &str) -> Self {
        let message = format!("Value {value} for parameter {name} is invalid. Reason: {reason}");
        Self::new(Code::InvalidParameterValue, message)
    }

    pub(super) fn missing(name: &str) -> Self {
        let message = format!("The request must contain the parameter {name}.");
        Self::new(Code::MissingParameter, message)
    }

    pub(super) fn no_queue() -> Self {
        Self::new(Code::QueueDoesNotExist, "The specified queue does not exist.")
    }

    pub(super) const fn status(&self) -> u16 {
        match self.code {
            Code::Internal => 500,
            _ => 400,
        }
    }

    pub(super) fn to_json(&self) -> String {
        let shape = format!("com.amazonaws.sqs#{}", self.code.shape());
        json!({"__type": shape, "message": self.message}).to_string()
    }

    /// The value of the header that carries the older code.
    pub(super) fn query_error(&self) -> String {
        let fault = if self.code.is_senders() { "Sender" } else { "Receiver" };
        format!("{};{fault}", self.code.query_code())
    }

    /// The answer for one entry of a batch.
    pub(super) fn to_entry(&self, id: &str) -> Value {
        json!({
            "Id": id,
            "SenderFault": self.code.is_senders(),
            "Code": self.code.query_code(),
            "Message": self.message,
        })
    }
}

impl From<rusqlite::Error> for Refusal {
    fn from(cause: rusqlite::Error) -> Self {
        tracing::error!(%cause, "the embedded SQS database failed");
        Self::new(Code::Internal, "the embedded SQS database failed")
    }
}
