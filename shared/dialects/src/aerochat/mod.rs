//! The AeroChat dialect: so far, its error envelope.

pub mod error;
