//! Signing a callback: the vendor's header and the three of Standard Webhooks.

use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// The headers of one attempt.
pub type SignedHeaders = Vec<(&'static str, String)>;

/// Signs a body for one attempt, or for one call of a tool; `id` is the delivery's or the call's. The
/// first secret is the newest: it alone makes `X-Assistify-Signature` (over `${timestamp}.${body}`, keyed by the whole text of the secret);
/// every secret makes a `v1` signature of Standard Webhooks (over `${id}.${timestamp}.${body}`, keyed by
/// the bytes that `whsec_` encodes).
pub fn sign(
    secrets: &[SecretString],
    id: &str,
    event: &str,
    body: &str,
    now: Timestamp,
) -> SignedHeaders {
    let seconds = now.as_second();
    let vendor = secrets.first().map(|secret| {
        let signed = format!("{seconds}.{body}");
        HEXLOWER.encode(&hmac(secret.expose_secret().as_bytes(), signed.as_bytes()))
    });
    let standard = secrets.iter().map(|secret| {
        let signed = format!("{id}.{seconds}.{body}");
        format!("v1,{}", BASE64.encode(&hmac(&standard_key(secret), signed.as_bytes())))
    });
    vec![
        ("x-assistify-signature", format!("sha256={}", vendor.unwrap_or_default())),
        ("x-assistify-timestamp", seconds.to_string()),
        ("x-assistify-delivery-id", id.to_owned()),
        ("x-assistify-event", event.to_owned()),
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", seconds.to_string()),
        ("webhook-signature", standard.collect::<Vec<_>>().join(" ")),
    ]
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

    #[test]
    fn the_signatures_match_what_openssl_computes() {
        let secret = SecretString::from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let delivery = "dl_00000000000000000000000000";
        let now = Timestamp::from_second(1_614_265_330).unwrap();
        let headers = sign(&[secret], delivery, "test.ping", "{\"test\": 2432232314}", now);
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
        let both = sign(&secrets, delivery, "ai.reply", "{}", Timestamp::UNIX_EPOCH);
        let newest = sign(&secrets[..1], delivery, "ai.reply", "{}", Timestamp::UNIX_EPOCH);
        assert_eq!(both[0], newest[0]);
        assert_eq!(both[6].1.split(' ').count(), 2);
    }
}
