//! The Asyntai dialect: so far, its error envelope.

pub mod error;
