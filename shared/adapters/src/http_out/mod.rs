//! Outgoing HTTP to addresses that integrators choose.
//!
//! Every request is one POST, or one GET of a page, to a vetted address under one deadline. Names are resolved, vetted and
//! dialled in one step inside the connector, so that no second lookup can give another answer.

mod fetch;
mod resolver;
mod retry_after;
mod send;

pub use self::resolver::Resolution;
pub use self::send::GuardedHttp;
