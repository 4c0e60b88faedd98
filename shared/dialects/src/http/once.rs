//! The `Idempotency-Key` header on every POST: done once, and answered alike again.

use aiva_core::app::App;
use aiva_core::error::{Error, Result};
use aiva_core::id::WorkspaceId;
use aiva_core::idempotency::{self, Attempt, Keeping, Place, Request, Seeded};
use aiva_core::ports::Ports;
use http::{HeaderName, HeaderValue, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::reply::Success;
use super::{Call, Edge, Failure, Reply};

/// Tells that an answer was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// What a POST did.
#[derive(Debug)]
pub struct Made {
    status: StatusCode,
    body: Box<RawValue>,
    code: Option<&'static str>,
}

impl Made {
    /// An answer with its `data`, in the envelope of [`Reply::success`].
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn new(status: StatusCode, data: &impl Serialize) -> Result<Self> {
        Self::json(status, &Success { status: "success", data })
    }

    /// An answer with its body.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn json(status: StatusCode, body: &impl Serialize) -> Result<Self> {
        let body = serde_json::value::to_raw_value(body).map_err(Error::internal)?;
        Ok(Self { status, body, code: None })
    }

    /// With a word for the request log alone; who asks never sees it.
    #[must_use]
    pub fn logged_as(mut self, code: Option<&'static str>) -> Self {
        self.code = code;
        self
    }

    /// Reads what was kept of it.
    ///
    /// # Errors
    /// When it is something else.
    pub fn kept<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_str(self.body.get()).map_err(Error::internal)
    }

    fn reply(&self) -> Result<Reply, Failure> {
        Ok(Reply::json(self.status, &self.body)?.logged_as(self.code))
    }

    /// The status, a space, the body.
    fn to_text(&self) -> SecretString {
        format!("{} {}", self.status.as_u16(), self.body).into()
    }

    fn from_text(text: &SecretString) -> Result<Self> {
        let unreadable = || Error::internal("a kept answer cannot be read");
        let (status, body) = text.expose_secret().split_once(' ').ok_or_else(unreadable)?;
        let status = StatusCode::from_bytes(status.as_bytes()).map_err(Error::internal)?;
        let body = RawValue::from_string(body.to_owned()).map_err(Error::internal)?;
        Ok(Self { status, body, code: None })
    }
}

/// Says that an answer was given before.
pub fn replayed(reply: Reply) -> Reply {
    reply.with_header(REPLAYED, HeaderValue::from_static("true"))
}

/// Does the work of a POST, once for each key. `body` is what tells one request from another beside
/// the route and what its path names. The work takes its clock and its randomness from what it is
/// given, so that a request repeated after a crash does the same again.
///
/// The answer is kept with the key, so it must be small: what grows without end is shown by [`once_shown`].
///
/// # Errors
/// What the work answers, or [`Error::Conflict`] when the key was used for another request.
pub async fn once<'a, P: Ports, W>(
    edge: &'a Edge<P>,
    call: &Call,
    asked: (WorkspaceId, &[u8]),
    work: impl FnOnce(&'a App<P>, Seeded) -> W,
) -> Result<Reply, Failure>
where
    W: Future<Output = Result<Made>> + Send,
{
    under_its_key(edge, call, asked, Keeping::Sealed, work).await?.reply()
}

/// Like [`once`], for an answer that is made of what is kept: `show` makes it, the first time and again.
///
/// # Errors
/// As [`once`], and what `show` answers.
pub async fn once_shown<'a, P: Ports, W, S>(
    edge: &'a Edge<P>,
    call: &Call,
    asked: (WorkspaceId, &[u8]),
    work: impl FnOnce(&'a App<P>, Seeded) -> W,
    show: impl FnOnce(Made) -> S,
) -> Result<Reply, Failure>
where
    W: Future<Output = Result<Made>> + Send,
    S: Future<Output = Result<Reply, Failure>> + Send,
{
    let Done { made, again } = under_its_key(edge, call, asked, Keeping::Sealed, work).await?;
    let reply = show(made).await?;
    Ok(if again { replayed(reply) } else { reply })
}

/// Like [`once`], for a process without a key ring: neither the answer nor anything that the work makes
/// from its randomness may be a secret.
///
/// # Errors
/// As [`once`].
pub async fn once_openly<'a, P: Ports, W>(
    edge: &'a Edge<P>,
    call: &Call,
    asked: (WorkspaceId, &[u8]),
    work: impl FnOnce(&'a App<P>, Seeded) -> W,
) -> Result<Reply, Failure>
where
    W: Future<Output = Result<Made>> + Send,
{
    under_its_key(edge, call, asked, Keeping::Open, work).await?.reply()
}

/// What was done under a key, now or before.
struct Done {
    made: Made,
    again: bool,
}

impl Done {
    fn reply(&self) -> Result<Reply, Failure> {
        let reply = self.made.reply()?;
        Ok(if self.again { replayed(reply) } else { reply })
    }
}

async fn under_its_key<'a, P: Ports, W>(
    edge: &'a Edge<P>,
    call: &Call,
    (workspace, body): (WorkspaceId, &[u8]),
    keeping: Keeping,
    work: impl FnOnce(&'a App<P>, Seeded) -> W,
) -> Result<Done, Failure>
where
    W: Future<Output = Result<Made>> + Send,
{
    let app = &*edge.app;
    let Some(key) = call.idempotency_key()? else {
        return Ok(Done { made: work(app, Seeded::fresh(app)).await?, again: false });
    };
    let (project, api) = (call.key_project(), call.route.voice.as_str());
    let place = Place { workspace, project, api, key };
    let names = path_as_called(call);
    let parts = [call.route.verb.as_str().as_bytes(), names.as_bytes(), body];
    let request = Request { place, parts: &parts, keeping };
    let (holder, env) = match idempotency::begin(app, &request).await? {
        Attempt::Replay(answer) => {
            return Ok(Done { made: Made::from_text(&answer)?, again: true });
        }
        Attempt::Work { holder, env } => (holder, env),
    };
    match work(app, env).await {
        Ok(made) => {
            idempotency::end_answered(app, &request, &holder, made.to_text()).await?;
            Ok(Done { made, again: false })
        }
        Err(error) => {
            idempotency::end_failed(app, &request, &holder, &error).await;
            Err(error.into())
        }
    }
}

/// The route's path with what was named in it.
fn path_as_called(call: &Call) -> String {
    let named = |part: &str| match part.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        Some(name) => call.param(name).to_owned(),
        None => part.to_owned(),
    };
    call.route.path().split('/').map(named).collect::<Vec<_>>().join("/")
}
