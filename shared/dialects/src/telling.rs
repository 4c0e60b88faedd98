//! Webhooks: what happened, in the words of the subscriber's dialect.

use aiva_core::callback::Event;
use aiva_core::dialect::Dialect;
use aiva_core::webhook::Telling;

use crate::{aerochat, aiva, aivastark, asyntai};

/// Writes the body of a webhook, byte for byte as every attempt will send it; `None` where the dialect
/// has no word for what happened.
pub fn render(telling: &Telling<'_>) -> Option<(Event, String)> {
    match telling.listener.dialect {
        Dialect::Aiva => aiva::render(telling),
        Dialect::Aivastark => aivastark::render(telling),
        Dialect::Aerochat => aerochat::render(telling),
        Dialect::Asyntai => asyntai::render(telling),
        // Its document has no webhooks.
        Dialect::Aksita => None,
    }
}
