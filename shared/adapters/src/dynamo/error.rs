//! From what DynamoDB answers to the domain's errors.

use aiva_core::error::Error;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

/// Codes that mean: the same request may succeed in a moment.
const PASSING: [&str; 9] = [
    "InternalServerError",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ReplicatedWriteConflictException",
    "ServiceUnavailable",
    "ThrottlingException",
    "TransactionConflictException",
    "TransactionInProgressException",
];

/// Names a failed request: `Unavailable` where trying again helps, else `Internal`. The text of the
/// failure goes into the cause, which only the log sees.
pub(super) fn fault<E>(error: SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let passing = match &error {
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => {
            true
        }
        SdkError::ServiceError(answer) => {
            let code = answer.err().code().unwrap_or_default();
            PASSING.contains(&code) || answer.raw().status().is_server_error()
        }
        _ => false,
    };
    if passing { Error::unavailable(error) } else { Error::internal(error) }
}

/// Whether a request lost a race against a transaction, so that only trying again helps.
pub(super) fn is_conflict<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    matches!(
        error.as_service_error().and_then(ProvideErrorMetadata::code),
        Some(
            "TransactionConflictException"
                | "TransactionInProgressException"
                | "ReplicatedWriteConflictException"
        )
    )
}
