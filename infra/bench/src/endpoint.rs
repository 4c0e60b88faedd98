//! AWS on a loopback port: what the bootstraps talk to. HTTP outside, the embedded engines inside.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aiva_embedded::{EmbeddedDynamo, EmbeddedSqs};
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

use crate::Result;

/// The largest request that the services take: 1 MiB and its envelope.
const MAX_BODY_BYTES: usize = 8 << 20;

/// The services behind the port.
#[derive(Clone, Debug)]
pub(crate) struct Services {
    pub(crate) dynamo: EmbeddedDynamo,
    pub(crate) sqs: EmbeddedSqs,
    /// Secrets by name.
    pub(crate) secrets: Arc<Vec<(&'static str, String)>>,
    /// Requests so far.
    pub(crate) calls: Arc<AtomicU64>,
}

/// A running endpoint; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) url: String,
    server: AbortHandle,
}

impl Endpoint {
    /// Listens on a free loopback port.
    pub(crate) async fn start(services: Services) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let router = Router::new().fallback(forward).with_state(services);
        let server = tokio::spawn(async { axum::serve(listener, router).await });
        Ok(Self { url, server: server.abort_handle() })
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn forward(State(services): State<Services>, request: Request) -> Response {
    services.calls.fetch_add(1, Ordering::Relaxed);
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let target = target(&parts.headers);
    match target.split_once('.').unwrap_or_default() {
        ("DynamoDB_20120810", _) => call(&services.dynamo, target, body.into()).await,
        ("AmazonSQS", _) => call(&services.sqs, target, body.into()).await,
        ("secretsmanager", "GetSecretValue") => secret(&services, &body),
        // SES names its operations by their paths.
        _ if parts.uri.path() == "/v2/email/outbound-emails" => {
            json!({ "MessageId": "1" }).to_string().into_response()
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

fn target(headers: &HeaderMap) -> &str {
    headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Passes a request on to an engine, which reads nothing of it but its target and its body.
async fn call(engine: &impl HttpConnector, target: &str, body: Vec<u8>) -> Response {
    let mut request = HttpRequest::new(SdkBody::from(body));
    request.headers_mut().insert("x-amz-target", target.to_owned());
    let Ok(answer) = engine.call(request).await else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    let mut response =
        Response::new(Body::from(answer.body().bytes().unwrap_or_default().to_vec()));
    *response.status_mut() =
        StatusCode::from_u16(answer.status().as_u16()).unwrap_or(StatusCode::BAD_GATEWAY);
    let json = "application/x-amz-json-1.0".parse().expect("it is a header value");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

fn secret(services: &Services, body: &[u8]) -> Response {
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    let wanted = request["SecretId"].as_str().unwrap_or_default();
    let Some((name, text)) = services.secrets.iter().find(|(name, _)| *name == wanted) else {
        let refusal = json!({"__type": "ResourceNotFoundException", "message": "no such secret"});
        return (StatusCode::BAD_REQUEST, refusal.to_string()).into_response();
    };
    let arn = format!("arn:aws:secretsmanager:us-east-1:000000000000:secret:{name}");
    let answer = json!({
        "ARN": arn, "Name": name, "SecretString": text, "VersionId": "1", "CreatedDate": 0,
        "VersionStages": ["AWSCURRENT"],
    });
    answer.to_string().into_response()
}
