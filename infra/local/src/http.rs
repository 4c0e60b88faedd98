//! The routes of all functions on one port, with what only a local runtime has.

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;

use aiva_dialects::SourceAddress;
use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::get;
use tokio::net::TcpListener;

use crate::mailbox;

/// Puts the runtime's own routes beside those of the product.
pub(crate) fn routes(product: Router, mail_dir: PathBuf) -> Router {
    let mailbox = get(mailbox::show).with_state(mail_dir);
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/local/mailbox", mailbox)
        .fallback_service(product)
        .layer(from_fn(note_source))
}

/// Serves until `stopped`, then lets the requests in flight come to their end.
pub(crate) async fn serve(
    listener: TcpListener,
    routes: Router,
    stopped: impl Future<Output = ()> + Send + 'static,
) {
    let service = routes.into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, service).with_graceful_shutdown(stopped);
    if let Err(error) = server.await {
        tracing::error!(%error, "the server broke");
    }
}

async fn note_source(
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut request: Request,
    next: Next,
) -> Response {
    request.extensions_mut().insert(SourceAddress(peer.ip().to_string()));
    next.run(request).await
}
