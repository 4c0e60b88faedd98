//! The page behind a mailed link: `GET` shows one button, `POST` (the button) uses the link. Scanners of
//! mail open links and press nothing.

use std::sync::Arc;

use aiva_core::dialect::Dialect;
use aiva_core::error::Error;
use aiva_core::identity::{self, Confirmation, LinkState};
use aiva_core::ports::Ports;
use http::{HeaderValue, StatusCode, header};

use crate::http::{Access, Call, Edge, Failure, Function, Reply, Route, RouteSet, Verb, Voice};

mod page;

use page::Page;

const PATHS: &[&str] = &["/verify/{token}"];

const fn route(verb: Verb) -> Route {
    let (function, voice) = (Function::IdentityVerify, Voice::Dialect(Dialect::Aiva));
    Route { function, voice, verb, paths: PATHS, access: Access::Open }
}

const SHOW: Route = route(Verb::Get);
const CONFIRM: Route = route(Verb::Post);

/// Its routes.
pub const ROUTES: &[Route] = &[SHOW, CONFIRM];

/// Its handlers.
pub(crate) fn serving<P: Ports>() -> RouteSet<P> {
    RouteSet::new()
        .serve(SHOW, |edge, call| Box::pin(show(edge, call)))
        .serve(CONFIRM, |edge, call| Box::pin(confirm(edge, call)))
}

async fn show<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let brand = &edge.app.settings.powered_by;
    let page = match identity::look(&edge.app, call.param("token")).await {
        Ok(LinkState::Open(link)) => Page::question(&link),
        Ok(LinkState::Used) => Page::used(),
        Ok(LinkState::Expired) => Page::expired(),
        Ok(LinkState::Unknown) => Page::unknown(),
        Err(error) => broken(&error),
    };
    page.reply(brand)
}

async fn confirm<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let brand = &edge.app.settings.powered_by;
    let page = match identity::confirm(&edge.app, call.param("token")).await {
        Ok(Confirmation::Done { return_url: Some(url) }) => return lead_to(url.as_str()),
        Ok(Confirmation::Done { return_url: None }) => Page::done(),
        Ok(Confirmation::Used) => Page::used(),
        Ok(Confirmation::Expired) => Page::expired(),
        Ok(Confirmation::Unknown) => Page::unknown(),
        Err(error) => broken(&error),
    };
    page.reply(brand)
}

fn lead_to(url: &str) -> Result<Reply, Failure> {
    let place = HeaderValue::from_str(url).map_err(Error::internal)?;
    let reply = Reply::empty(StatusCode::SEE_OTHER).with_header(header::LOCATION, place);
    Ok(page::guarded(reply))
}

/// A person reads this, no program: what went wrong is for the log.
fn broken(error: &Error) -> Page {
    if let Error::Internal(cause) | Error::Unavailable(cause) = error {
        tracing::error!(%cause, "a link could not be looked up or used");
    }
    Page::broken()
}
