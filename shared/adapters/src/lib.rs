//! The adapters: each is one module behind one feature, and none decides anything.

pub mod absent;
#[cfg(feature = "aws-ports")]
pub mod aws_ports;
#[cfg(feature = "dynamo")]
pub mod dynamo;
#[cfg(feature = "extract")]
pub mod extract;
#[cfg(feature = "http-out")]
pub mod http_out;
#[cfg(feature = "knowledge")]
pub mod knowledge;
#[cfg(feature = "llm")]
pub mod llm;
mod lookup;
pub mod mail;
pub mod names;
pub mod objects;
#[cfg(feature = "payments")]
pub mod payments;
#[cfg(any(
    feature = "dynamo",
    feature = "mail",
    feature = "objects",
    feature = "secrets",
    feature = "sqs"
))]
mod sdk_error;
#[cfg(feature = "secrets")]
pub mod secrets;
#[cfg(feature = "sqs")]
pub mod sqs;
pub mod warm;
