//! The Aksita dialect: so far, its error envelope.

pub mod error;
