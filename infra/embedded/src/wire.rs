//! What both engines share of the AWS JSON protocol, and how a client is put over a connector.

use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;

use crate::client::ClientOptions;
use crate::fault::FaultConnector;
use crate::recorder::RecorderConnector;

/// The region that every embedded client states.
pub(crate) const REGION: &str = "us-east-1";
/// The account that owns every embedded resource.
pub(crate) const ACCOUNT: &str = "000000000000";

/// The service whose requests a connector carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    Dynamo,
    Sqs,
}

/// Names the operation that a request asks for, or nothing when it names none.
pub(crate) fn operation(request: &HttpRequest) -> String {
    let target = request.headers().get("x-amz-target").unwrap_or_default();
    target.rsplit_once('.').map(|(_, name)| name.to_owned()).unwrap_or_default()
}

/// Reads a request body to its end, as a stream.
///
/// The SDK's stalled-stream protection watches the body: a long poll whose body nobody has polled
/// counts as a stalled upload and is cut after some seconds.
pub(crate) async fn read_body(body: SdkBody) -> Result<Vec<u8>, ConnectorError> {
    match ByteStream::new(body).collect().await {
        Ok(bytes) => Ok(bytes.to_vec()),
        Err(cause) => Err(ConnectorError::io(cause.into())),
    }
}

/// Makes an answer of the AWS JSON 1.0 protocol.
pub(crate) fn answer(status: u16, body: String) -> HttpResponse {
    let status = status.try_into().expect("every status here is between 200 and 501");
    let mut response = HttpResponse::new(status, SdkBody::from(body));
    response.headers_mut().insert("content-type", "application/x-amz-json-1.0");
    response
}

/// Makes credentials that no AWS account knows.
pub(crate) fn credentials() -> Credentials {
    Credentials::new("embedded", "embedded", None, None, "embedded")
}

/// Puts the layers that `options` ask for over an engine.
pub(crate) fn layered(
    engine: SharedHttpConnector,
    service: Service,
    options: &ClientOptions,
) -> SharedHttpConnector {
    let mut connector = engine;
    if let Some(plan) = &options.faults {
        let faulty = FaultConnector::new(connector, service, plan.clone());
        connector = SharedHttpConnector::new(faulty);
    }
    if let Some(recorder) = &options.recorder {
        let recording = RecorderConnector::new(connector, service, recorder.clone());
        connector = SharedHttpConnector::new(recording);
    }
    connector
}
