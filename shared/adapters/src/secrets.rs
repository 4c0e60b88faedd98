//! Secrets: the key ring that seals what is stored, and single fields of a secret.
//!
//! The ring is a JSON object, `{"current":"v1","v1":"<random text>"}`. A new version is added beside
//! the old ones and named `current`: what older versions sealed stays readable, and cursors, which are
//! authenticated under the current version only, are refused once after such a change.

use std::collections::BTreeMap;
use std::fmt;

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit as _, Nonce};
use aiva_core::error::{Error, Result};
use aiva_core::id::WorkspaceId;
use aiva_core::ports::{Entropy, Vault};
use aws_sdk_secretsmanager::Client;
use aws_types::SdkConfig;
use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, Mac as _};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use tokio::sync::OnceCell;

use crate::sdk_error::fault;
use crate::warm::Warm;

const NONCE_BYTES: usize = 12;
/// The shortest text of a version, in bytes: 256 bits in base64 have more.
const MIN_TEXT_BYTES: usize = 32;

/// Versions of a random text, from which every key is derived.
pub struct KeyRing {
    current: String,
    versions: BTreeMap<String, SecretString>,
}

/// The texts never stand in a log.
impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let versions: Vec<&String> = self.versions.keys().collect();
        f.debug_struct("KeyRing")
            .field("current", &self.current)
            .field("versions", &versions)
            .finish()
    }
}

impl KeyRing {
    /// Reads a ring from its JSON.
    ///
    /// # Errors
    /// [`Error::Internal`] when it is no object of texts, names no current version, or a text is
    /// shorter than 32 bytes.
    pub fn parse(json: &SecretString) -> Result<Self> {
        let broken = |problem: &'static str| Error::internal(format!("the key ring {problem}"));
        // The parser's own message may quote what it read.
        let mut texts: BTreeMap<String, SecretString> =
            serde_json::from_str::<BTreeMap<String, String>>(json.expose_secret())
                .map_err(|_| broken("is no JSON object of texts"))?
                .into_iter()
                .map(|(name, text)| (name, SecretString::from(text)))
                .collect();
        let current = texts.remove("current").ok_or_else(|| broken("names no current version"))?;
        let current = current.expose_secret().to_owned();
        if !texts.contains_key(&current) {
            return Err(broken("does not have its current version"));
        }
        let short = |text: &SecretString| text.expose_secret().len() < MIN_TEXT_BYTES;
        if texts.values().any(short) || texts.keys().any(|name| name.contains('.')) {
            return Err(broken("has a version that is too short or badly named"));
        }
        Ok(Self { current, versions: texts })
    }

    fn derived(&self, version: &str, purpose: &str) -> Option<[u8; 32]> {
        let text = self.versions.get(version)?;
        Some(hmac(text.expose_secret().as_bytes(), purpose.as_bytes()))
    }

    fn cipher(&self, version: &str) -> Option<Aes256Gcm> {
        self.derived(version, "aiva/seal").map(|key| Aes256Gcm::new(&key.into()))
    }

    fn current_key(&self, purpose: &str) -> Result<[u8; 32]> {
        let key = self.derived(&self.current, purpose);
        key.ok_or_else(|| Error::internal("the key ring lost its current version"))
    }
}

fn hmac(key: &[u8], data: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(data);
    mac.finalize().into_bytes().into()
}

/// Where the key ring comes from.
pub enum RingSource {
    /// The JSON itself.
    Fixed(SecretString),
    /// A secret of AWS Secrets Manager.
    SecretsManager {
        /// The client.
        client: Client,
        /// The secret's ARN.
        arn: String,
    },
}

impl fmt::Debug for RingSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(_) => f.write_str("Fixed"),
            Self::SecretsManager { arn, .. } => f.debug_tuple("SecretsManager").field(arn).finish(),
        }
    }
}

/// The vault over a key ring, which is read at the first use and kept; a failed reading is tried again
/// at the next use.
#[derive(Debug)]
pub struct RingVault<E> {
    source: RingSource,
    ring: OnceCell<KeyRing>,
    entropy: E,
}

impl<E: Entropy> RingVault<E> {
    /// Makes a vault; nothing is read yet.
    pub fn new(source: RingSource, entropy: E) -> Self {
        Self { source, ring: OnceCell::new(), entropy }
    }

    /// Makes a vault over a secret of AWS Secrets Manager, with a client of its own; nothing is read yet.
    pub fn connect(sdk: &SdkConfig, arn: &str, entropy: E) -> Self {
        let source = RingSource::SecretsManager { client: Client::new(sdk), arn: arn.to_owned() };
        Self::new(source, entropy)
    }

    async fn ring(&self) -> Result<&KeyRing> {
        self.ring
            .get_or_try_init(|| async {
                match &self.source {
                    RingSource::Fixed(json) => KeyRing::parse(json),
                    RingSource::SecretsManager { client, arn } => {
                        KeyRing::parse(&secret(client, arn).await?)
                    }
                }
            })
            .await
    }
}

impl<E: Entropy> Warm for RingVault<E> {
    /// Reads the ring.
    async fn warm(&self) {
        if let Err(error) = self.ring().await {
            tracing::warn!(%error, "the key ring is not read yet");
        }
    }
}

impl<E: Entropy> Vault for RingVault<E> {
    /// AES-256-GCM under a key of the current version with a random nonce, bound to the workspace:
    /// `v1.<base64url of nonce and ciphertext>`.
    async fn seal(&self, workspace: WorkspaceId, secret: &SecretString) -> Result<String> {
        let ring = self.ring().await?;
        let cipher = ring.cipher(&ring.current);
        let cipher = cipher.ok_or_else(|| Error::internal("the key ring is broken"))?;
        let mut nonce = [0_u8; NONCE_BYTES];
        self.entropy.fill(&mut nonce);
        let bound = workspace.to_string();
        let payload = Payload { msg: secret.expose_secret().as_bytes(), aad: bound.as_bytes() };
        let sealed = cipher.encrypt(&Nonce::from(nonce), payload);
        let sealed = sealed.map_err(|_| Error::internal("a secret cannot be sealed"))?;
        let bytes = [nonce.as_slice(), &sealed].concat();
        Ok(format!("{}.{}", ring.current, BASE64URL_NOPAD.encode(&bytes)))
    }

    async fn open(&self, workspace: WorkspaceId, sealed: &str) -> Result<SecretString> {
        let ring = self.ring().await?;
        let refused = || Error::internal("a sealed secret cannot be opened");
        let (version, text) = sealed.split_once('.').ok_or_else(refused)?;
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| refused())?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_BYTES>().ok_or_else(refused)?;
        let cipher = ring.cipher(version).ok_or_else(refused)?;
        let bound = workspace.to_string();
        let payload = Payload { msg: sealed, aad: bound.as_bytes() };
        let opened = cipher.decrypt(&Nonce::from(*nonce), payload).map_err(|_| refused())?;
        String::from_utf8(opened).map(SecretString::from).map_err(|_| refused())
    }

    async fn mac(&self, label: &str, data: &[u8]) -> Result<[u8; 32]> {
        let key = self.ring().await?.current_key(&format!("aiva/mac/{label}"))?;
        Ok(hmac(&key, data))
    }
}

/// Reads the operator's token from a secret: its JSON field `operatorToken`.
///
/// # Errors
/// When the secret cannot be read or has no such field.
pub async fn operator_token(sdk: &SdkConfig, arn: &str) -> Result<SecretString> {
    secret_field(sdk, arn, "operatorToken").await
}

/// Reads one text field of a secret that is a JSON object, once, with a client that is dropped.
///
/// # Errors
/// When the secret cannot be read or has no such field.
pub async fn secret_field(sdk: &SdkConfig, arn: &str, field: &str) -> Result<SecretString> {
    let json = secret(&Client::new(sdk), arn).await?;
    let missing = || Error::internal(format!("the secret has no text field {field:?}"));
    let fields: serde_json::Value =
        serde_json::from_str(json.expose_secret()).map_err(|_| missing())?;
    let text = fields.get(field).and_then(serde_json::Value::as_str).ok_or_else(missing)?;
    Ok(SecretString::from(text))
}

async fn secret(client: &Client, arn: &str) -> Result<SecretString> {
    let answer = client.get_secret_value().secret_id(arn).send().await.map_err(fault)?;
    let text = answer.secret_string.ok_or_else(|| Error::internal("the secret is no text"))?;
    Ok(SecretString::from(text))
}
