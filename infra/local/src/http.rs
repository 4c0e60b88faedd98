//! The routes of all functions on one port, with what only a local runtime has.

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;

use aiva_adapters::objects::{FolderObjects, UploadRefused};
use aiva_core::id::RequestId;
use aiva_core::ports::Clock;
use aiva_dialects::SourceAddress;
use aiva_dialects::http::{Failure, REQUEST_ID, refusal};
use aiva_kit::clock::{OsEntropy, SystemClock};
use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Path, Request, State};
use axum::http::header::ALLOW;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::{get, put};
use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;

use crate::mailbox;

/// The largest file that is taken, in bytes.
const MAX_UPLOAD_BYTES: usize = 100 * 1024 * 1024;

/// Puts the runtime's own routes beside those of the product.
pub(crate) fn routes(product: Router, mail_dir: PathBuf, objects: FolderObjects) -> Router {
    let health = get(|| async { "ok\n" });
    let mailbox = get(mailbox::show).with_state(mail_dir);
    let uploads = put(take_upload).with_state(objects);
    let routes = Router::new()
        .route("/healthz", health.clone())
        .route("/healthz/", health)
        .route("/local/mailbox", mailbox.clone())
        .route("/local/mailbox/", mailbox)
        .route("/local/uploads/{token}", uploads.clone())
        .route("/local/uploads/{token}/", uploads)
        .fallback_service(product);
    // What lies around a route does not see what the router says of its methods.
    Router::new().fallback_service(routes).layer(from_fn(name_request)).layer(from_fn(note_source))
}

/// Gives the answers of the runtime's own routes what those of the product have: an id, and an envelope
/// where the method is wrong.
async fn name_request(request: Request, next: Next) -> Response {
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let mut response = next.run(request).await;
    if response.headers().contains_key(REQUEST_ID) {
        return response;
    }
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        let allow = response.headers().get(ALLOW).and_then(|allow| allow.to_str().ok());
        // The methods of the routes are written without a space between them.
        let allow = allow.unwrap_or_default().replace(',', ", ");
        return refusal(
            (&SystemClock, &OsEntropy),
            (&method, &uri),
            &Failure::MethodNotAllowed { allow },
        );
    }
    let id = RequestId::new(SystemClock.now(), &OsEntropy).to_string();
    if let Ok(id) = HeaderValue::try_from(id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// Serves until `stopped`, then lets the requests in flight come to their end.
pub(crate) async fn serve(
    listener: TcpListener,
    routes: Router,
    stopped: impl Future<Output = ()> + Send + 'static,
) {
    // A stream writes little at a time: none of it waits for the caller's word that the last has come.
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "a connection holds small writes back");
        }
    });
    let service = routes.into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, service).with_graceful_shutdown(stopped);
    if let Err(error) = server.await {
        tracing::error!(%error, "the server broke");
    }
}

/// Takes a file by a link that the API gave out, as a bucket would.
async fn take_upload(
    State(objects): State<FolderObjects>,
    Path(token): Path<String>,
    body: Body,
) -> (StatusCode, &'static str) {
    let Ok(bytes) = axum::body::to_bytes(body, MAX_UPLOAD_BYTES).await else {
        return (StatusCode::PAYLOAD_TOO_LARGE, "the file is larger than 100 MB\n");
    };
    match objects.take((&token, bytes.to_vec()), SystemClock.now()).await {
        Ok(Ok(())) => (StatusCode::OK, "stored\n"),
        Ok(Err(UploadRefused::BadLink)) => (StatusCode::FORBIDDEN, "the link is not valid\n"),
        Ok(Err(UploadRefused::WrongSize)) => {
            (StatusCode::BAD_REQUEST, "the file does not have the size that was announced\n")
        }
        Err(error) => {
            tracing::error!(%error, "an upload is not stored");
            (StatusCode::INTERNAL_SERVER_ERROR, "the file is not stored\n")
        }
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
