//! Signing a callback: the vendor's header and the three of Standard Webhooks.

use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use crate::dialect::Dialect;

/// The headers of one attempt.
pub type SignedHeaders = Vec<(&'static str, String)>;

/// What is signed, and as what.
#[derive(Debug, Clone, Copy)]
pub struct Signable<'a> {
    /// In whose words.
    pub dialect: Dialect,
    /// The delivery's id, or that of a call of a tool.
    pub id: &'a str,
    /// The event.
    pub event: &'a str,
    /// The body, byte for byte.
    pub body: &'a str,
    /// A name for this very attempt.
    pub attempt: &'a str,
}

/// Signs a body for one attempt. The first secret is the newest: it alone makes the vendor's header
/// (Aiva's over `${timestamp}.${body}`, the others' over the body, keyed by the whole text of the secret);
/// every secret makes a `v1` signature of Standard Webhooks (over `${id}.${timestamp}.${body}`, keyed by
/// the bytes that `whsec_` encodes).
pub fn sign(secrets: &[SecretString], what: Signable<'_>, now: Timestamp) -> SignedHeaders {
    let Signable { id, body, .. } = what;
    let seconds = now.as_second();
    let standard = secrets.iter().map(|secret| {
        let signed = format!("{id}.{seconds}.{body}");
        format!("v1,{}", BASE64.encode(&hmac(&standard_key(secret), signed.as_bytes())))
    });
    let standard = [
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", seconds.to_string()),
        ("webhook-signature", standard.collect::<Vec<_>>().join(" ")),
    ];
    vendor(secrets.first(), what, seconds).into_iter().chain(standard).collect()
}

/// The headers that the dialect's document names.
fn vendor(secret: Option<&SecretString>, what: Signable<'_>, seconds: i64) -> SignedHeaders {
    let keyed = |signed: &str| {
        let made = secret.map(|secret| hmac(secret.expose_secret().as_bytes(), signed.as_bytes()));
        made.map(|made| HEXLOWER.encode(&made)).unwrap_or_default()
    };
    let (id, event) = (what.id.to_owned(), what.event.to_owned());
    let of_body = || keyed(what.body);
    match what.dialect {
        Dialect::Aiva | Dialect::Aksita => vec![
            (
                "x-assistify-signature",
                format!("sha256={}", keyed(&format!("{seconds}.{}", what.body))),
            ),
            ("x-assistify-timestamp", seconds.to_string()),
            ("x-assistify-delivery-id", id),
            ("x-assistify-event", event),
        ],
        Dialect::Aivastark => vec![
            ("x-aivastark-signature", of_body()),
            ("x-aivastark-event", event),
            ("x-aivastark-delivery", id),
        ],
        Dialect::Aerochat => vec![
            ("x-aerochat-signature", of_body()),
            ("x-aerochat-event", event),
            ("x-aerochat-delivery", what.attempt.to_owned()),
        ],
        Dialect::Asyntai => vec![
            ("x-webhook-signature", of_body()),
            ("x-webhook-event", event),
            ("x-webhook-delivery", id),
        ],
    }
}

/// Makes a callback secret: `whsec_` and base64 of 32 random bytes.
pub fn new_secret(entropy: &impl crate::ports::Entropy) -> SecretString {
    let mut bytes = [0_u8; 32];
    entropy.fill(&mut bytes);
    SecretString::from(format!("whsec_{}", BASE64.encode(&bytes)))
}

/// The bytes that a secret encodes, or its own where it has not that form.
fn standard_key(secret: &SecretString) -> Vec<u8> {
    let text = secret.expose_secret();
    let encoded = text.strip_prefix("whsec_").unwrap_or(text);
    BASE64.decode(encoded.as_bytes()).unwrap_or_else(|_| text.as_bytes().to_vec())
}

fn hmac(key: &[u8], data: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(data);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY_SIGNATURE: &str = "b8e41d05e1ec86afe86ae177dccfb021afc2e6633a3c8dcee569538f5f2b8270";

    fn signable<'a>(dialect: Dialect, id: &'a str, body: &'a str) -> Signable<'a> {
        Signable { dialect, id, event: "test.ping", body, attempt: "att_1" }
    }

    #[test]
    fn the_other_vendors_sign_the_raw_body_and_aerochat_names_each_attempt() {
        let secret = [SecretString::from("whsec_abc123")];
        let delivery = "dl_00000000000000000000000000";
        for (dialect, prefix, named) in [
            (Dialect::Aivastark, "x-aivastark", delivery.to_owned()),
            (Dialect::Aerochat, "x-aerochat", "att_1".to_owned()),
            (Dialect::Asyntai, "x-webhook", delivery.to_owned()),
        ] {
            let headers = sign(&secret, signable(dialect, delivery, "{}"), Timestamp::UNIX_EPOCH);
            let get = |name: &str| {
                let name = format!("{prefix}-{name}");
                headers.iter().find(|(known, _)| *known == name).unwrap().1.clone()
            };
            // printf '{}' | openssl dgst -sha256 -hmac whsec_abc123
            assert_eq!(get("signature"), BODY_SIGNATURE);
            assert_eq!((get("event").as_str(), get("delivery")), ("test.ping", named));
            assert!(headers.iter().all(|(name, _)| !name.contains("assistify")));
        }
    }

    #[test]
    fn the_signatures_match_what_openssl_computes() {
        let secret = SecretString::from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let delivery = "dl_00000000000000000000000000";
        let now = Timestamp::from_second(1_614_265_330).unwrap();
        let body = "{\"test\": 2432232314}";
        let headers = sign(&[secret], signable(Dialect::Aiva, delivery, body), now);
        let get = |name: &str| headers.iter().find(|(n, _)| *n == name).unwrap().1.clone();
        assert_eq!(
            get("x-assistify-signature"),
            "sha256=2e37df5d4a028c51a7f3133d64ae1e300d2c2c900f1b1d49d4369ad2530f8964"
        );
        assert_eq!(get("webhook-signature"), "v1,pdZNXhKhCCQt4xmxtzzyh0UXpnZQBE4aofStIpzk7zU=");
        assert_eq!(get("webhook-id"), delivery);
        assert_eq!(get("x-assistify-timestamp"), "1614265330");
    }

    #[test]
    fn two_live_secrets_make_two_standard_signatures_and_one_vendor_signature() {
        let secrets = [SecretString::from("whsec_AAAA"), SecretString::from("whsec_BBBB")];
        let delivery = "dl_00000000000000000000000000";
        let what = signable(Dialect::Aiva, delivery, "{}");
        let both = sign(&secrets, what, Timestamp::UNIX_EPOCH);
        let newest = sign(&secrets[..1], what, Timestamp::UNIX_EPOCH);
        assert_eq!(both[0], newest[0]);
        assert_eq!(both[6].1.split(' ').count(), 2);
    }
}
