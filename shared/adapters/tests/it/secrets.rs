//! The key ring and the vault over it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use aiva_adapters::secrets::{KeyRing, RingSource, RingVault, operator_token, secret_field};
use aiva_core::error::Error;
use aiva_core::id::WorkspaceId;
use aiva_core::ports::{Entropy, Vault};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use aws_types::SdkConfig;
use aws_types::region::Region;
use aws_types::sdk_config::RetryConfig;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

const ONE: &str = r#"{"current":"v1","v1":"one-one-one-one-one-one-one-one-one-one-one"}"#;
const TWO: &str = r#"{"current":"v2","v1":"one-one-one-one-one-one-one-one-one-one-one","v2":"two-two-two-two-two-two-two-two-two-two-two"}"#;

/// Counts, so that no two nonces are alike.
#[derive(Default)]
struct Counting(AtomicU8);
impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0.fetch_add(1, Ordering::Relaxed));
    }
}

fn vault(json: &str) -> RingVault<Counting> {
    RingVault::new(RingSource::Fixed(SecretString::from(json)), Counting::default())
}

fn workspace(byte: u8) -> WorkspaceId {
    let entropy = Counting(AtomicU8::new(byte));
    WorkspaceId::new(Timestamp::UNIX_EPOCH, &entropy)
}

#[tokio::test]
async fn what_is_sealed_opens_for_its_workspace_alone_and_never_looks_the_same() {
    let vault = vault(ONE);
    let secret = SecretString::from("whsec_abc");
    let first = vault.seal(workspace(1), &secret).await.unwrap();
    let second = vault.seal(workspace(1), &secret).await.unwrap();
    assert!(first.starts_with("v1.") && first != second && !first.contains("whsec"));
    for sealed in [&first, &second] {
        let opened = vault.open(workspace(1), sealed).await.unwrap();
        assert_eq!(opened.expose_secret(), "whsec_abc");
        assert!(vault.open(workspace(2), sealed).await.is_err());
    }
    let flipped = first.replace("v1.", "v1.A");
    for bad in [flipped.as_str(), "", "v1", "v1.", "v1.AAAA", "v9.AAAA", "v1.not base64!"] {
        let refused = vault.open(workspace(1), bad).await;
        assert!(matches!(refused, Err(Error::Internal(_))), "{bad}");
    }
}

#[tokio::test]
async fn a_new_version_seals_and_the_old_one_still_opens() {
    let (old, new) = (vault(ONE), vault(TWO));
    let secret = SecretString::from("s");
    let sealed = old.seal(workspace(1), &secret).await.unwrap();
    assert_eq!(new.open(workspace(1), &sealed).await.unwrap().expose_secret(), "s");
    let resealed = new.seal(workspace(1), &secret).await.unwrap();
    assert!(resealed.starts_with("v2."));
    assert!(old.open(workspace(1), &resealed).await.is_err());
}

#[tokio::test]
async fn a_mac_depends_on_label_data_and_version() {
    let (old, new) = (vault(ONE), vault(TWO));
    let mac = old.mac("cursor", b"data").await.unwrap();
    assert_eq!(old.mac("cursor", b"data").await.unwrap(), mac);
    for other in [
        old.mac("other", b"data").await.unwrap(),
        old.mac("cursor", b"date").await.unwrap(),
        new.mac("cursor", b"data").await.unwrap(),
    ] {
        assert_ne!(other, mac);
    }
}

#[test]
fn a_broken_ring_is_refused_without_quoting_it() {
    let long = "secret-secret-secret-secret-secret-secret";
    for json in [
        "secret".to_owned(),
        format!(r#"{{"v1":"{long}"}}"#),
        format!(r#"{{"current":"v2","v1":"{long}"}}"#),
        r#"{"current":"v1","v1":"secret"}"#.to_owned(),
        format!(r#"{{"current":"v.1","v.1":"{long}"}}"#),
        format!(r#"{{"current":"v1","v1":["{long}"]}}"#),
    ] {
        let Err(error) = KeyRing::parse(&SecretString::from(json.as_str())) else {
            panic!("{json} was taken")
        };
        assert!(!format!("{error:?}").contains("secret"), "{error:?}");
    }
    let ring = KeyRing::parse(&SecretString::from(TWO)).unwrap();
    let shown = format!("{ring:?}");
    assert!(shown.contains("v2") && !shown.contains("two"));
}

/// Answers every request with one secret, after so many failures.
#[derive(Debug, Clone)]
struct Manager {
    secret: &'static str,
    failures: u64,
    requests: Arc<AtomicU64>,
}

impl Manager {
    fn new(secret: &'static str, failures: u64) -> Self {
        Self { secret, failures, requests: Arc::default() }
    }

    fn sdk(&self) -> SdkConfig {
        let connector = SharedHttpConnector::new(self.clone());
        let credentials = Credentials::new("test", "test", None, None, "test");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::from_static("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .endpoint_url("https://secrets.invalid")
            .retry_config(RetryConfig::disabled())
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build()
    }
}

impl HttpConnector for Manager {
    fn call(&self, _request: HttpRequest) -> HttpConnectorFuture {
        let turn = self.requests.fetch_add(1, Ordering::SeqCst);
        let body = serde_json::json!({ "SecretString": self.secret }).to_string();
        let status: u16 = if turn < self.failures { 500 } else { 200 };
        let status = status.try_into().unwrap();
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(body))))
    }
}

#[tokio::test]
async fn the_ring_is_read_once_and_a_failed_reading_is_tried_again() {
    let manager = Manager::new(ONE, 1);
    let vault = RingVault::connect(&manager.sdk(), "arn", Counting::default());
    assert!(matches!(vault.mac("a", b"").await, Err(Error::Unavailable(_))));
    for _ in 0..3 {
        vault.mac("a", b"").await.unwrap();
    }
    assert_eq!(manager.requests.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_field_of_a_secret_is_read_by_name() {
    let manager = Manager::new(r#"{"operatorToken":"op_x","number":5}"#, 0);
    let sdk = manager.sdk();
    let token = operator_token(&sdk, "arn").await.unwrap();
    assert_eq!(token.expose_secret(), "op_x");
    for field in ["number", "absent"] {
        assert!(secret_field(&sdk, "arn", field).await.is_err());
    }
}
