//! A new secret for a key; the old one works on for as long as the operator says.

use std::time::Duration;

use secrecy::SecretString;

use super::{KeyId, KeyToken, find};
use crate::error::{Error, Result};
use crate::id::WorkspaceId;
use crate::ports::{Clock, Entropy, KeyStore};
use crate::time;

/// The longest overlap of an old and a new secret: a week.
const MAX_OVERLAP_SECONDS: i64 = 604_800;

/// Gives a key a new secret and answers the whole key, to be shown once. A secret that was promised to
/// work on is ended early by a rotation without overlap alone.
///
/// # Errors
/// [`Error::Invalid`] for an overlap out of range; [`Error::Conflict`] when the key is revoked, or while
/// the overlap of an earlier rotation runs and this one has an overlap too.
pub async fn rotate_secret(
    store: &impl KeyStore,
    env: &(impl Clock + Entropy),
    workspace: WorkspaceId,
    id: KeyId,
    overlap_seconds: Option<i64>,
) -> Result<SecretString> {
    let overlap = overlap(overlap_seconds)?;
    let key = find(store, workspace, id).await?;
    if key.revoked_at.is_some() {
        return Err(Error::conflict("the key is revoked"));
    }
    let token = KeyToken::new(id, env);
    let now = env.now();
    match store.rotate_secret(id, &token.hash(), (now, now + overlap)).await? {
        None => Ok(token.reveal(key.dialect).into()),
        Some(until) => Err(Error::conflict(format!(
            "the secret before the current one works until {}; rotate then, or with overlapSeconds 0, \
             which ends both at once",
            time::millis(until)
        ))),
    }
}

/// Reads an overlap; none is no overlap.
pub(super) fn overlap(seconds: Option<i64>) -> Result<Duration> {
    let seconds = seconds.unwrap_or(0);
    u64::try_from(seconds)
        .ok()
        .filter(|_| seconds <= MAX_OVERLAP_SECONDS)
        .map(Duration::from_secs)
        .ok_or_else(|| Error::invalid("overlapSeconds", "must be a whole number from 0 to 604,800"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overlap_is_between_nothing_and_a_week() {
        assert_eq!(overlap(None).unwrap(), Duration::ZERO);
        assert_eq!(overlap(Some(604_800)).unwrap(), Duration::from_secs(604_800));
        assert!(overlap(Some(-1)).is_err() && overlap(Some(604_801)).is_err());
    }
}
