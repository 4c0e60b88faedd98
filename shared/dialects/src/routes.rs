//! Every route of the product in one table; functions, template, tests and documents are held to it.

use crate::http::Route;
use crate::{aerochat, aiva, aivastark, aksita, asyntai, operator, payments, verify};

/// Every route, by dialect; then the page behind a mailed link, the operator API last.
///
/// Where two dialects write the same method and path, a query parameter tells them apart: Asyntai's
/// `GET /api/v1/conversations/?session_id=` stands beside Aiva's list.
pub const TABLES: &[&[Route]] = &[
    aiva::ROUTES,
    aivastark::ROUTES,
    aksita::ROUTES,
    aerochat::ROUTES,
    asyntai::ROUTES,
    verify::ROUTES,
    payments::ROUTES,
    operator::ROUTES,
];

/// Every route of every table.
pub fn all() -> impl Iterator<Item = &'static Route> {
    TABLES.iter().flat_map(|table| table.iter())
}
