//! Who calls: the three key headers, and the operator's token.

use std::sync::OnceLock;

use aiva_core::error::{Error, Forbidden};
use aiva_core::key::{self, Caller, KeyToken, RateWindow, Scope};
use aiva_core::operator::{self, Operator, OperatorToken, Role};
use aiva_core::ports::{Clock, KeyStore, OperatorStore, Ports};
use http::{HeaderMap, header};
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::call::Seen;
use super::{Access, Call, Edge, Failure};

/// Requests that the operator API takes in a minute.
const OPERATOR_REQUESTS_PER_MINUTE: u32 = 1_200;

/// Headers that carry a bare key.
const KEY_HEADERS: [&str; 2] = ["x-api-key", "x-aerochat-api-key"];

/// Who asks for a route of operators.
enum Asker {
    /// The deployment's own operator.
    Deployment,
    /// One of a workspace.
    Operator(Operator),
}

impl Call {
    /// Checks the key, counts the request on it, and checks the scope that the route asks for.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`], [`Error::Limited`] or [`Error::Forbidden`].
    pub async fn authenticate<P: Ports>(&self, edge: &Edge<P>) -> Result<Caller, Failure> {
        let caller = known(edge, (&self.headers, &self.source_address), &self.seen).await?;
        caller.admit(self.scope(), edge.app.now())?;
        Ok(caller)
    }

    /// Like [`Call::authenticate`], while `ahead` reads what an admitted caller will need. Its result
    /// may be used only as far as it belongs to the caller.
    ///
    /// # Errors
    /// As [`Call::authenticate`].
    pub async fn authenticate_beside<P: Ports, T>(
        &self,
        edge: &Edge<P>,
        ahead: impl Future<Output = T>,
    ) -> Result<(Caller, T), Failure> {
        let (caller, read) = tokio::join!(self.authenticate(edge), ahead);
        Ok((caller?, read))
    }

    /// What the request says it is the key of; nothing is checked yet. It tells where to read ahead.
    pub fn claimed_key(&self) -> Option<KeyToken> {
        one_token(&self.headers).and_then(KeyToken::parse)
    }

    /// Checks the token of the deployment's operator, or of one of the workspace that the path names, and
    /// counts the request. What another workspace's operator asks for is not there.
    pub(super) async fn authenticate_operator<P: Ports>(
        &self,
        edge: &Edge<P>,
        least: Role,
    ) -> Result<(), Failure> {
        let app = &*edge.app;
        let now = app.now();
        let Some(caller) = self.operator(edge).await? else {
            // The same brake as on wrong keys: no key at all is refused here, and counted.
            key::authenticate(&app.store, app, None, &self.source_address).await?;
            return Err(Error::Unauthenticated.into());
        };
        let made = match &caller {
            Asker::Operator(operator) => {
                app.store.count_operator_request_of(operator.id, now).await?
            }
            Asker::Deployment => app.store.count_operator_request(now).await?,
        };
        let (role, own) = match &caller {
            Asker::Operator(operator) => (operator.role, Some(operator.id.workspace.to_string())),
            Asker::Deployment => (Role::Deployment, None),
        };
        let window = Some(operator_window(made, now));
        let seen = Seen { key: None, project: None, role: Some(role), window };
        self.seen.set(seen).map_err(|_| Error::internal("a request authenticates once"))?;
        if made > u64::from(OPERATOR_REQUESTS_PER_MINUTE) {
            let retry_after_seconds = 60 - second_of_minute(now);
            return Err(Error::Limited { retry_after_seconds }.into());
        }
        let named = self.param("workspace");
        if !named.is_empty() && own.is_some_and(|own| own != named) {
            return Err(Error::NotFound.into());
        }
        if role < least {
            return Err(Error::Forbidden(Forbidden::Role(least)).into());
        }
        Ok(())
    }

    /// Who asks as an operator; `None` is nobody known.
    async fn operator<P: Ports>(&self, edge: &Edge<P>) -> Result<Option<Asker>, Failure> {
        let Some(token) = one_token(&self.headers) else { return Ok(None) };
        if let Some(token) = OperatorToken::parse(token) {
            return match operator::authenticate(&edge.app.store, &token).await {
                Ok(operator) => Ok(Some(Asker::Operator(operator))),
                Err(Error::Unauthenticated) => Ok(None),
                Err(error) => Err(error.into()),
            };
        }
        let known = edge.operator_token.as_ref();
        let right = known.is_some_and(|known| {
            !token.is_empty() && digest(known.expose_secret()).ct_eq(&digest(token)).into()
        });
        Ok(right.then_some(Asker::Deployment))
    }

    fn scope(&self) -> Option<Scope> {
        match self.route.access {
            Access::Key(scope) => Some(scope),
            Access::Open | Access::AnyKey | Access::Operator | Access::Role(_) => None,
        }
    }
}

/// Checks the key of a request that no route takes, and counts the request on it: what the key may do, and
/// whether it is one, changes nothing about the answer but its rate headers. Without a key nothing happens.
pub(super) async fn count_stray<P: Ports>(
    edge: &Edge<P>,
    (headers, address): (&HeaderMap, &str),
    seen: &OnceLock<Seen>,
) {
    if one_token(headers).and_then(KeyToken::parse).is_none() {
        return;
    }
    match known(edge, (headers, address), seen).await {
        Ok(_) | Err(Failure::Core(Error::Unauthenticated | Error::Limited { .. })) => {}
        Err(error) => tracing::warn!(%error, "a request that no route takes is not counted"),
    }
}

/// Checks the key of a request, counts the request on it, and notes who calls.
async fn known<P: Ports>(
    edge: &Edge<P>,
    (headers, address): (&HeaderMap, &str),
    seen: &OnceLock<Seen>,
) -> Result<Caller, Failure> {
    let app = &*edge.app;
    let caller = key::authenticate(&app.store, app, one_token(headers), address).await?;
    let span = tracing::Span::current();
    span.record("key_id", tracing::field::display(caller.key.id));
    span.record("workspace_id", tracing::field::display(caller.key.id.workspace));
    let (key, project) = (Some(caller.key.id), Some(caller.key.project));
    let who = Seen { key, project, role: None, window: caller.window };
    seen.set(who).map_err(|_| Error::internal("a request authenticates once"))?;
    Ok(caller)
}

fn operator_window(made: u64, now: Timestamp) -> RateWindow {
    let limit = OPERATOR_REQUESTS_PER_MINUTE;
    let left = u64::from(limit).saturating_sub(made);
    let rest = i64::try_from(60 - second_of_minute(now)).unwrap_or(60);
    let end = now.saturating_add(SignedDuration::from_secs(rest)).unwrap_or(now);
    RateWindow { limit, remaining: u32::try_from(left).unwrap_or(limit), resets_at: end }
}

fn second_of_minute(now: Timestamp) -> u64 {
    u64::try_from(now.as_second().rem_euclid(60)).unwrap_or(0)
}

/// Hashed before they are compared, so that not even the length of the right token shows.
fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// The one key of a request; none when there is none, or when there are two that differ.
fn one_token(headers: &HeaderMap) -> Option<&str> {
    let bearers = headers.get_all(header::AUTHORIZATION).iter().map(|value| {
        let (scheme, token) = value.to_str().ok()?.trim().split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    let bare = KEY_HEADERS.iter().flat_map(|name| headers.get_all(*name));
    let bare = bare.map(|value| value.to_str().ok().map(str::trim));
    let mut tokens = bearers.chain(bare);
    let first = tokens.next()??;
    tokens.all(|other| other == Some(first)).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token_of(pairs: &[(&'static str, &str)]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        one_token(&headers).map(str::to_owned)
    }

    #[test]
    fn a_key_is_taken_from_any_of_the_three_headers() {
        for pair in [
            ("authorization", "Bearer ak_1"),
            ("authorization", "bearer  ak_1 "),
            ("x-api-key", "ak_1"),
            ("x-aerochat-api-key", " ak_1"),
        ] {
            assert_eq!(token_of(&[pair]).as_deref(), Some("ak_1"), "{pair:?}");
        }
        assert_eq!(token_of(&[]), None);
    }

    #[test]
    fn two_keys_in_one_request_are_one_key_or_none() {
        let same = [("authorization", "Bearer ak_1"), ("x-api-key", "ak_1")];
        assert_eq!(token_of(&same).as_deref(), Some("ak_1"));
        let different = [("authorization", "Bearer ak_1"), ("x-api-key", "ak_2")];
        assert_eq!(token_of(&different), None);
        let unreadable = [("authorization", "Basic abc"), ("x-api-key", "ak_2")];
        assert_eq!(token_of(&unreadable), None);
    }
}
