//! Placeholder while the tree is laid out.

#[cfg(feature = "http-out")]
pub mod http_out;
#[cfg(feature = "knowledge")]
pub mod knowledge;
#[cfg(feature = "llm")]
pub mod llm;
