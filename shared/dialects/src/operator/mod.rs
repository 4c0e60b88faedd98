//! The operator API `/admin/v1`.

use aiva_core::ports::Ports;

use crate::http::{Route, RouteSet};

/// Its routes.
pub const ROUTES: &[Route] = &[];

/// Its handlers.
pub fn serving<P: Ports>() -> RouteSet<P> {
    RouteSet::new()
}
