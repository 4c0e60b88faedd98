//! Telling a repeated request from another under the same idempotency key.

use sha2::{Digest, Sha256};

use super::{Fingerprint, SubmitCommand};
use crate::contact::Details;

/// What makes two requests under one key the same: who says what where. Where the conversation begins
/// with the request, there is no where yet. What not every request has counts only where it is there, so
/// that the fingerprints of the others stay what they were.
pub(super) fn fingerprint(command: &SubmitCommand) -> Fingerprint {
    let mut hash = Sha256::new();
    let external =
        command.minted.map_or_else(|| command.reference.external.to_string(), |_| String::new());
    let mut parts = vec![
        command.reference.project.to_string(),
        external,
        command.user.as_ref().map_or_else(|| "-".to_owned(), |user| format!("u{user}")),
        command.content.as_str().to_owned(),
    ];
    let Details { name, email, phone } = &command.details;
    let told = [
        name.as_ref().map(|name| format!("n{name}")),
        email.as_ref().map(|email| format!("e{}", email.as_str())),
        phone.as_ref().map(|phone| format!("p{}", phone.as_str())),
    ];
    parts.extend(told.into_iter().flatten());
    if let Some(background) = &command.background {
        parts.push(format!("b{}", background.as_str()));
    }
    for part in parts {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
        hash.update(part.as_bytes());
    }
    Fingerprint(hash.finalize().into())
}
