//! The signature of Stripe's webhook: `t=<seconds>,v1=<hex>[,v1=<hex>]`, each an HMAC-SHA256 of the
//! time, a dot and the body.

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// How old, or how far ahead, a signature may be, in seconds.
const TOLERANCE_SECONDS: i64 = 300;
/// Signatures of one header that are looked at.
const MAX_SIGNATURES: usize = 8;

/// The signature is missing, wrong, or of another time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature is missing, wrong, or older than five minutes")]
pub struct BadSignature;

/// Checks the signature of a body, in constant time.
///
/// # Errors
/// [`BadSignature`] for anything but a right signature of the last five minutes.
pub fn verify(
    secret: &SecretString,
    header: &str,
    body: &[u8],
    now: Timestamp,
) -> Result<(), BadSignature> {
    let fields = || header.split(',').filter_map(|part| part.trim().split_once('='));
    let time = fields().find(|(name, _)| *name == "t").map(|(_, time)| time);
    let time = time.ok_or(BadSignature)?;
    let seconds: i64 = time.parse().map_err(|_| BadSignature)?;
    if now.as_second().saturating_sub(seconds).saturating_abs() > TOLERANCE_SECONDS {
        return Err(BadSignature);
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes())
        .map_err(|_| BadSignature)?;
    mac.update(time.as_bytes());
    mac.update(b".");
    mac.update(body);
    let signatures = fields().filter(|(name, _)| *name == "v1").take(MAX_SIGNATURES);
    let right = signatures
        .filter_map(|(_, hex)| data_encoding::HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).ok())
        .any(|signature| mac.clone().verify_slice(&signature).is_ok());
    if right { Ok(()) } else { Err(BadSignature) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"id":"evt_1"}"#;
    /// Made with OpenSSL: `printf '1790000000.{"id":"evt_1"}' | openssl dgst -sha256 -hmac whsec_fake`.
    const SIGNED: &str = "d9424ecf82d745da90692465aa593635369413d51d6b38ed212a261479ac234f";

    fn check(secret: &str, header: &str, body: &[u8], seconds: i64) -> bool {
        let now = Timestamp::from_second(seconds).unwrap();
        verify(&SecretString::from(secret), header, body, now).is_ok()
    }

    #[test]
    fn a_signature_of_the_last_five_minutes_is_right_and_nothing_else_is() {
        let right = format!("t=1790000000,v1={SIGNED},v0=x");
        assert!(check("whsec_fake", &right, BODY, 1_790_000_300));
        assert!(check("whsec_fake", &right, BODY, 1_789_999_700));
        let rotated = format!("t=1790000000, v1={}, v1={SIGNED}", "0".repeat(64));
        assert!(check("whsec_fake", &rotated, BODY, 1_790_000_000));
        assert!(!check("whsec_fake", &right, BODY, 1_790_000_301));
        assert!(!check("whsec_fake", &right, BODY, 1_789_999_699));
        assert!(!check("whsec_other", &right, BODY, 1_790_000_000));
        assert!(!check("whsec_fake", &right, b"{}", 1_790_000_000));
        let later = right.replace("1790000000", "1790000001");
        assert!(!check("whsec_fake", &later, BODY, 1_790_000_000));
        let no_time = format!("v1={SIGNED}");
        for bad in ["", "t=1790000000", "t=x,v1=00", "v1=", "t=1790000000,v1=zz", &no_time] {
            assert!(!check("whsec_fake", bad, BODY, 1_790_000_000), "{bad:?}");
        }
    }
}
