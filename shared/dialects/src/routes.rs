//! Every route of the product in one table; functions, template, tests and documents are held to it.

use crate::http::Route;
use crate::{aiva, aivastark, operator, payments, verify};

/// Every route, by dialect; then the page behind a mailed link, the operator API last.
///
/// Where two dialects write the same method and path, this is the place to tell them apart: Asyntai's
/// `GET /api/v1/conversations/?session_id=` will stand here beside Aiva's list, told by its query.
pub const TABLES: &[&[Route]] =
    &[aiva::ROUTES, aivastark::ROUTES, verify::ROUTES, payments::ROUTES, operator::ROUTES];

/// Every route of every table.
pub fn all() -> impl Iterator<Item = &'static Route> {
    TABLES.iter().flat_map(|table| table.iter())
}
