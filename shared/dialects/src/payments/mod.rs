//! What payment providers tell: one route, opened by their signature.

use std::sync::Arc;

use aiva_core::error::Error;
use aiva_core::payment;
use aiva_core::ports::{Clock, Ports};
use http::StatusCode;
use serde::Serialize;

use crate::http::{Access, Call, Edge, Failure, Function, Reply, Route, RouteSet, Verb, Voice};

const STRIPE: Route = Route {
    function: Function::Admin,
    voice: Voice::Operator,
    verb: Verb::Post,
    paths: &["/payments/stripe"],
    access: Access::Open,
};

/// Its routes.
pub const ROUTES: &[Route] = &[STRIPE];

/// Its handlers.
pub(crate) fn serving<P: Ports>() -> RouteSet<P> {
    RouteSet::new().serve(STRIPE, |edge, call| Box::pin(stripe(edge, call)))
}

#[derive(Serialize)]
struct Received {
    received: bool,
}

/// Takes in an event of Stripe. What fails on our side is answered with a fault, so that it is sent again.
async fn stripe<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    // Without a secret nothing could be checked: then there is no such route.
    let secret = edge.payment_secret().ok_or(Failure::RouteNotFound)?;
    let body = call.bytes().await?;
    let signature = call.header("stripe-signature").unwrap_or_default();
    payment::verify(secret, signature, &body, edge.app.now())
        .map_err(|bad| Error::invalid("Stripe-Signature", bad.to_string()))?;
    payment::hear(&edge.app, &body).await?;
    Reply::success(StatusCode::OK, &Received { received: true })
}
