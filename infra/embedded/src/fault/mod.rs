//! Faults that AWS has and an engine in the process never would: seeded, counted, switchable.

mod connector;
mod plan;
mod reply;

pub(crate) use connector::FaultConnector;
pub use plan::{Fault, FaultPlan};
