//! The adapters against the outside they talk to.

#[cfg(test)]
#[cfg(feature = "dynamo")]
mod dynamo;
#[cfg(test)]
#[cfg(feature = "extract")]
mod extract;
#[cfg(test)]
#[cfg(feature = "http-out")]
mod http_out;
#[cfg(test)]
#[cfg(feature = "knowledge")]
mod knowledge;
#[cfg(test)]
#[cfg(feature = "llm")]
mod llm;
#[cfg(test)]
mod mail;
#[cfg(test)]
#[cfg(feature = "objects")]
mod objects;
#[cfg(test)]
#[cfg(feature = "payments")]
mod payments;
#[cfg(test)]
#[cfg(feature = "secrets")]
mod secrets;
#[cfg(test)]
#[cfg(feature = "sqs")]
mod sqs;
