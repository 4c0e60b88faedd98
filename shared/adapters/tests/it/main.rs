//! The adapters against the outside they talk to.

#[cfg(test)]
#[cfg(feature = "http-out")]
mod http_out;
