//! A new signing secret for a callback; the old one signs on beside it for as long as the operator says.

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use super::{ApiKey, KeyId, find, rotate_secret};
use crate::app::App;
use crate::callback::{Callback, CallbackSecret, new_secret};
use crate::error::{Error, Result};
use crate::id::WorkspaceId;
use crate::ports::{Clock, Entropy, Ports, Vault};

/// Secrets that may sign at once.
const MAX_LIVE_SECRETS: usize = 3;

/// Gives a key's callback a new secret and answers it, to be shown once.
///
/// # Errors
/// [`Error::Invalid`] for an overlap out of range; [`Error::Conflict`] when the key is revoked, has no
/// callback, or three secrets are alive already.
pub async fn rotate_callback_secret<P: Ports>(
    app: &App<P>,
    env: &(impl Clock + Entropy),
    workspace: WorkspaceId,
    id: KeyId,
    overlap_seconds: Option<i64>,
) -> Result<SecretString> {
    rotate_secret::overlap(overlap_seconds)?;
    let secret = new_secret(env);
    let current = find(&app.store, workspace, id).await?.callback;
    if let Some(callback) = &current
        && is_newest(app, workspace, callback, &secret).await?
    {
        return Ok(secret);
    }
    let sealed = app.vault.seal(workspace, &secret).await?;
    let now = app.now();
    let edit = |key: &ApiKey| {
        let mut callback =
            key.callback.clone().ok_or_else(|| Error::conflict("the key has no callback"))?;
        callback.secrets = rotated(&callback.secrets, &sealed, overlap_seconds, now)?;
        Ok(ApiKey { callback: Some(callback), ..key.clone() })
    };
    find::change(&app.store, workspace, id, edit).await?;
    Ok(secret)
}

/// Whether the newest secret is this one already: the same request made it, and died before its answer.
pub(crate) async fn is_newest<P: Ports>(
    app: &App<P>,
    workspace: WorkspaceId,
    callback: &Callback,
    secret: &SecretString,
) -> Result<bool> {
    let Some(newest) = callback.secrets.first() else { return Ok(false) };
    let newest = app.vault.open(workspace, &newest.sealed).await?;
    Ok(newest.expose_secret().as_bytes().ct_eq(secret.expose_secret().as_bytes()).into())
}

/// The secrets after a rotation, newest first; those that ended are dropped.
pub(crate) fn rotated(
    secrets: &[CallbackSecret],
    sealed: &str,
    overlap_seconds: Option<i64>,
    now: Timestamp,
) -> Result<Vec<CallbackSecret>> {
    let overlap = rotate_secret::overlap(overlap_seconds)?;
    let current_ends = (!overlap.is_zero()).then(|| now + overlap);
    let old = secrets.iter().filter_map(|secret| {
        let ends = match secret.expires_at {
            None => current_ends?,
            Some(end) => end,
        };
        (ends > now).then(|| CallbackSecret { expires_at: Some(ends), ..secret.clone() })
    });
    let newest = CallbackSecret { sealed: sealed.to_owned(), expires_at: None };
    let all: Vec<CallbackSecret> = std::iter::once(newest).chain(old).collect();
    if all.len() > MAX_LIVE_SECRETS {
        return Err(Error::conflict("three secrets are alive; wait until one has ended"));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Option<i64> = Some(3_600);
    const AN_HOUR: std::time::Duration = std::time::Duration::from_secs(3_600);

    fn names(secrets: &[CallbackSecret]) -> Vec<&str> {
        secrets.iter().map(|secret| secret.sealed.as_str()).collect()
    }

    #[test]
    fn an_overlap_keeps_the_old_secret_and_a_fourth_live_one_is_refused() {
        let now = Timestamp::UNIX_EPOCH;
        let one = rotated(&[], "a", HOUR, now).unwrap();
        let two = rotated(&one, "b", HOUR, now).unwrap();
        let three = rotated(&two, "c", HOUR, now).unwrap();
        assert_eq!(names(&three), ["c", "b", "a"]);
        assert_eq!(three[1].expires_at, Some(now + AN_HOUR));
        assert!(rotated(&three, "d", HOUR, now).is_err());
        assert_eq!(names(&rotated(&three, "d", HOUR, now + 2 * AN_HOUR).unwrap()), ["d", "c"]);
    }

    #[test]
    fn no_overlap_ends_the_current_secret_at_once() {
        let now = Timestamp::UNIX_EPOCH;
        let two = rotated(&rotated(&[], "a", HOUR, now).unwrap(), "b", HOUR, now).unwrap();
        assert_eq!(names(&rotated(&two, "c", None, now).unwrap()), ["c", "a"]);
    }
}
