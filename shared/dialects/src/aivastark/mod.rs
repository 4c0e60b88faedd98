//! The Aivastark dialect: so far, its error envelope.

pub mod error;
