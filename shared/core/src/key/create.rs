//! Making a key. Its secrets are shown once, in the answer, and kept as a hash and sealed.

use std::collections::BTreeSet;

use jiff::Timestamp;
use secrecy::SecretString;

use super::{ApiKey, KeyId, KeyToken, RequestLimits, Scope};
use crate::app::App;
use crate::callback::{Callback, CallbackSecret, Health, new_secret};
use crate::dialect::Dialect;
use crate::egress::{self, CallbackUrl};
use crate::error::{Error, Result};
use crate::id::BareKeyId;
use crate::ports::{Clock, Entropy, KeyStore, Ports, Vault, WorkspaceStore};
use crate::project;
use crate::text::Label;
use crate::workspace::{self, Workspace, requests};

/// A key to make, as the operator wrote it.
#[derive(Debug, Clone, Default)]
pub struct CreateKey {
    /// What the operator calls it.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// The dialect it is issued for; the native one where it is absent.
    pub dialect: Option<String>,
    /// The project it works in; the default project where it is absent.
    pub project: Option<String>,
    /// Where its callbacks go, if anywhere.
    pub callback_url: Option<String>,
    /// Requests a minute, narrowing the workspace's.
    pub requests_per_minute: Option<i64>,
    /// Requests a day, narrowing the workspace's.
    pub requests_per_day: Option<i64>,
    /// When it ends by itself, RFC 3339.
    pub expires_at: Option<String>,
}

/// A key just made, with the secrets that are never shown again.
#[derive(Debug)]
pub struct NewKey {
    /// The key.
    pub key: ApiKey,
    /// What the caller sends.
    pub token: SecretString,
    /// What its callbacks are signed with.
    pub callback_secret: Option<SecretString>,
}

/// Makes a key. `env` is the request's randomness: a repeated request makes the same key again.
///
/// # Errors
/// [`Error::Invalid`] for a field that breaks its rule, a callback URL that can never be delivered to
/// among them.
pub async fn create<P: Ports>(
    app: &App<P>,
    env: &(impl Clock + Entropy),
    workspace: &Workspace,
    command: CreateKey,
) -> Result<NewKey> {
    let draft = read(&command)?;
    let url = match &command.callback_url {
        Some(text) => Some(callback_url(app, text).await?),
        None => None,
    };
    let project = match &command.project {
        None => workspace.default_project(),
        Some(text) => match project::resolve(&app.store, workspace.id, text).await {
            Ok(project) => project.id,
            Err(Error::NotFound) => {
                return Err(Error::invalid("projectId", "names no project of this workspace"));
            }
            Err(error) => return Err(error),
        },
    };
    let now = env.now();
    let expires_at = command.expires_at.as_deref().map(|text| end(text, now)).transpose()?;
    let id = KeyId { workspace: workspace.id, key: BareKeyId::new(now, env) };
    let token = KeyToken::new(id, env);
    let (callback, callback_secret) = match url {
        None => (None, None),
        Some(url) => {
            let (callback, secret) = new_callback(app, env, workspace, &url).await?;
            (Some(callback), Some(secret))
        }
    };
    let key = ApiKey {
        id,
        project,
        name: draft.name,
        scopes: draft.scopes,
        dialect: draft.dialect,
        revoked_at: None,
        expires_at,
        own_limits: draft.limits,
        limits: workspace.request_limits().narrowed_by(draft.limits),
        callback,
        created_at: now,
        last_used_at: None::<Timestamp>,
    };
    app.store.create_key(&key, &token.hash()).await?;
    // Limits that were set in between hold for this key too.
    let limits = workspace::find(&app.store, workspace.id).await?.request_limits();
    if limits != workspace.request_limits() {
        app.store.narrow_keys(workspace.id, limits).await?;
    }
    Ok(NewKey { token: token.reveal(key.dialect).into(), key, callback_secret })
}

struct Draft {
    name: Label,
    scopes: BTreeSet<Scope>,
    dialect: Dialect,
    limits: RequestLimits,
}

fn read(command: &CreateKey) -> Result<Draft> {
    let limit = |field, value: Option<i64>| value.map(|value| requests(field, value)).transpose();
    Ok(Draft {
        name: Label::parse("name", &command.name)?,
        scopes: Scope::parse_all(&command.scopes)?,
        dialect: dialect(command.dialect.as_deref())?,
        limits: RequestLimits {
            per_minute: limit("requestsPerMinute", command.requests_per_minute)?,
            per_day: limit("requestsPerDay", command.requests_per_day)?,
        },
    })
}

/// Reads the end of a key: later than now.
fn end(text: &str, now: Timestamp) -> Result<Timestamp> {
    let end = text.parse().ok().filter(|end| *end > now);
    end.ok_or_else(|| {
        Error::invalid("expiresAt", "must be a time to come, such as 2030-01-31T12:00:00Z")
    })
}

fn dialect(text: Option<&str>) -> Result<Dialect> {
    let Some(text) = text else { return Ok(Dialect::default()) };
    Dialect::parse(text).ok_or_else(|| {
        let names: Vec<&str> = Dialect::ALL.iter().map(|dialect| dialect.as_str()).collect();
        Error::invalid("dialect", format!("must be one of {}", names.join(", ")))
    })
}

/// Judges a callback URL as it is saved.
pub(super) async fn callback_url<P: Ports>(app: &App<P>, text: &str) -> Result<CallbackUrl> {
    egress::vet(&app.names, text, &app.settings.egress)
        .await
        .map_err(|problem| Error::invalid("callbackUrl", problem.to_string()))
}

/// A callback with its first secret.
pub(super) async fn new_callback<P: Ports>(
    app: &App<P>,
    env: &impl Entropy,
    workspace: &Workspace,
    url: &CallbackUrl,
) -> Result<(Callback, SecretString)> {
    let secret = new_secret(env);
    let sealed = app.vault.seal(workspace.id, &secret).await?;
    let callback = Callback {
        url: url.as_str().to_owned(),
        secrets: vec![CallbackSecret { sealed, expires_at: None }],
        disabled: None,
        health: Health::default(),
    };
    Ok((callback, secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command() -> CreateKey {
        CreateKey {
            name: "Website".into(),
            scopes: vec!["messages:write".into()],
            ..CreateKey::default()
        }
    }

    fn refused(command: &CreateKey) -> String {
        match read(command) {
            Err(Error::Invalid(problems)) => problems[0].field.clone().into_owned(),
            _ => String::from("nothing"),
        }
    }

    #[test]
    fn each_broken_field_is_refused_by_its_name() {
        assert_eq!(refused(&command()), "nothing");
        assert_eq!(refused(&CreateKey { name: " ".into(), ..command() }), "name");
        assert_eq!(refused(&CreateKey { scopes: vec![], ..command() }), "scopes");
        assert_eq!(refused(&CreateKey { scopes: vec!["all".into()], ..command() }), "scopes");
        assert_eq!(refused(&CreateKey { dialect: Some("x".into()), ..command() }), "dialect");
        let none = CreateKey { requests_per_minute: Some(0), ..command() };
        assert_eq!(refused(&none), "requestsPerMinute");
        let less = CreateKey { requests_per_day: Some(-5), ..command() };
        assert_eq!(refused(&less), "requestsPerDay");
    }
}
