//! From what an AWS service answers to the domain's errors.

use aiva_core::error::Error;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// Codes that mean: the same request may succeed in a moment.
const PASSING: [&str; 12] = [
    "InternalServerError",
    "InternalServiceError",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "ReplicatedWriteConflictException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "ServiceUnavailable",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionConflictException",
    "TransactionInProgressException",
];

/// Names a failed request: `Unavailable` where trying again helps, else `Internal`. The text of the
/// failure goes into the cause, which only the log sees.
pub(crate) fn fault<E>(error: SdkError<E, HttpResponse>) -> Error
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
