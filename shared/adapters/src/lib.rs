//! Placeholder while the tree is laid out.

#[cfg(feature = "http-out")]
pub mod http_out;
