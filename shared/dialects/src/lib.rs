//! Five wire formats over one application core, and the HTTP edge that they share.
//!
//! A dialect is a thin translation: decode, one use case, encode. No dialect knows another, and none
//! knows AWS. What all of them do alike (bodies, keys, limits, logs, errors) is in [`http`].

#![warn(clippy::wildcard_enum_match_arm)]

pub mod aerochat;
pub mod aiva;
pub mod aivastark;
pub mod aksita;
pub mod asking;
pub mod asyntai;
mod describe;
pub mod function;
pub mod http;
mod intake;
pub mod openapi;
pub mod operator;
pub mod payments;
pub mod routes;
pub mod telling;
pub mod verify;

pub use http::{Deadline, Edge, RouteSet, SourceAddress, arrived, broken_off, router};
