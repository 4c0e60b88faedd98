//! Changing a key's name and callback.

use jiff::Timestamp;
use secrecy::SecretString;

use super::{ApiKey, KeyId, create, find};
use crate::app::App;
use crate::callback::{Callback, EndpointId};
use crate::change::Change;
use crate::delivery;
use crate::error::{Error, Result};
use crate::ports::{Clock, Entropy, Ports};
use crate::recovery::{self, Missed, Window};
use crate::text::Label;
use crate::workspace::Workspace;

/// Changes of a key, as the operator wrote them.
#[derive(Debug, Clone, Default)]
pub struct KeyPatch {
    /// A new name.
    pub name: Option<String>,
    /// A new endpoint; null takes it away.
    pub callback_url: Change<String>,
    /// Switches the endpoint on or off.
    pub callback_enabled: Option<bool>,
}

/// A key after its change.
#[derive(Debug)]
pub struct UpdatedKey {
    /// The key.
    pub key: ApiKey,
    /// The secret of a first callback, shown once.
    pub secret: Option<SecretString>,
    /// What the endpoint missed, and since when, where it was switched on again.
    pub missed: Option<(Timestamp, Missed)>,
}

/// Changes a key. A first callback comes with a secret, which is shown once.
///
/// A new URL keeps the secrets, and serves the next attempt of what waits; it does not switch a disabled
/// callback on. Taking the callback away cancels what waits for it.
///
/// # Errors
/// [`Error::Invalid`] for a field that breaks its rule, [`Error::Conflict`] when the key is revoked or
/// has no callback to switch.
pub async fn update<P: Ports>(
    app: &App<P>,
    env: &(impl Clock + Entropy),
    workspace: &Workspace,
    id: KeyId,
    patch: KeyPatch,
) -> Result<UpdatedKey> {
    let name = patch.name.as_deref().map(|name| Label::parse("name", name)).transpose()?;
    let fresh = match &patch.callback_url {
        Change::Set(text) => {
            let url = create::callback_url(app, text).await?;
            Change::Set(create::new_callback(app, env, workspace, &url).await?)
        }
        Change::Keep => Change::Keep,
        Change::Clear => Change::Clear,
    };
    let now = env.now();
    let off_since = match patch.callback_enabled {
        Some(true) => {
            let before = find(&app.store, workspace.id, id).await?.callback;
            before.and_then(|callback| callback.off_since())
        }
        Some(false) | None => None,
    };
    let edit = |key: &ApiKey| {
        let callback = match &fresh {
            Change::Keep => key.callback.clone(),
            Change::Clear => None,
            Change::Set((new, _)) => Some(moved(key.callback.as_ref(), new)),
        };
        let callback = switched(callback, patch.callback_enabled, now)?;
        let name = name.clone().unwrap_or_else(|| key.name.clone());
        Ok(ApiKey { name, callback, ..key.clone() })
    };
    let changed = find::change(&app.store, workspace.id, id, edit).await?;
    if matches!(fresh, Change::Clear) {
        delivery::cancel_waiting(app, EndpointId::Key(id)).await;
    }
    let shown = match fresh {
        Change::Set((new, secret)) if uses(&changed, &new) => Some(secret),
        Change::Set(_) | Change::Keep | Change::Clear => None,
    };
    let missed = match off_since {
        Some(since) => {
            let endpoint = Some(EndpointId::Key(id));
            let window = Window { since, until: now, endpoint };
            Some((since, recovery::count(&app.store, workspace.id, &window).await?))
        }
        None => None,
    };
    Ok(UpdatedKey { key: changed, secret: shown, missed })
}

/// The callback at its new URL, with its own secrets where it had any.
fn moved(old: Option<&Callback>, new: &Callback) -> Callback {
    match old {
        Some(old) if old.url == new.url => old.clone(),
        Some(old) => old.clone().moved_to(new.url.clone()),
        None => new.clone(),
    }
}

fn switched(
    callback: Option<Callback>,
    enabled: Option<bool>,
    now: Timestamp,
) -> Result<Option<Callback>> {
    let Some(enabled) = enabled else { return Ok(callback) };
    let Some(callback) = callback else {
        return Err(Error::conflict("the key has no callback"));
    };
    Ok(Some(callback.switched(enabled, now)))
}

fn uses(key: &ApiKey, new: &Callback) -> bool {
    key.callback.as_ref().is_some_and(|callback| callback.secrets == new.secrets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::callback::{CallbackSecret, Disabled, Health};

    fn callback(url: &str, sealed: &str) -> Callback {
        let secrets = vec![CallbackSecret { sealed: sealed.into(), expires_at: None }];
        let failing_since = Some(Timestamp::UNIX_EPOCH);
        let health = Health { failing_since, ..Health::default() };
        Callback { url: url.into(), secrets, disabled: None, health }
    }

    #[test]
    fn a_new_url_keeps_the_secrets_and_starts_with_a_clean_record() {
        let (old, new) =
            (callback("https://a.example/", "old"), callback("https://b.example/", "new"));
        let moved = moved(Some(&old), &new);
        assert_eq!((moved.url.as_str(), &moved.secrets), ("https://b.example/", &old.secrets));
        assert!(moved.health.is_good());
    }

    #[test]
    fn switching_needs_a_callback_and_keeps_the_first_reason() {
        let now = Timestamp::UNIX_EPOCH;
        assert!(switched(None, Some(true), now).is_err());
        let gone = Disabled { reason: "the endpoint answered 410 Gone".into(), at: now };
        let disabled =
            Callback { disabled: Some(gone.clone()), ..callback("https://a.example/", "s") };
        let off = switched(Some(disabled.clone()), Some(false), now).unwrap().unwrap();
        assert_eq!(off.disabled, Some(gone));
        let on = switched(Some(disabled), Some(true), now).unwrap().unwrap();
        assert!(on.is_enabled() && on.health.is_good());
    }
}
