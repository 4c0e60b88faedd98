//! What routes refuse, by status, with examples that the dialect's own renderer writes.

use std::collections::BTreeMap;

use aiva_core::error::{Conflict, Error, Forbidden, Quota, Unanswered};
use aiva_core::key::Scope;
use serde_json::Value;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::{ContentBuilder, Ref, Response, ResponseBuilder};

use super::operation::{RETRY_AFTER, with_headers};
use crate::http::{Access, Failure, Rendered};

/// The schema of a dialect's envelope of errors.
const ENVELOPE: &str = "Error";

/// What a route may refuse beside what every route of its access may.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Refusal {
    /// A field breaks its rule: the field, and what is wrong with it.
    Invalid(&'static str, &'static str),
    /// What is named is not there, or not the caller's.
    NotFound,
    /// The body is no JSON, too large, or declared as something else.
    Body,
    /// The form is none, too large, or declared as something else.
    Form,
    /// The idempotency key was used for another request.
    KeyReused,
    /// The state does not allow it, for this reason.
    State(&'static str),
    /// A message is not accepted.
    Message,
    /// A message gets no reply while its sender waits.
    Unanswered,
    /// More knowledge than the plan takes in a day.
    Characters,
}

impl Refusal {
    fn failures(self) -> Vec<Failure> {
        let core = |error: Error| vec![Failure::from(error)];
        match self {
            Self::Invalid(field, problem) => core(Error::invalid(field, problem)),
            Self::NotFound => core(Error::NotFound),
            Self::KeyReused => core(Error::Conflict(Conflict::IdempotencyKeyReused)),
            Self::State(reason) => core(Error::conflict(reason)),
            Self::Characters => core(Error::QuotaReached {
                quota: Quota::CharactersPerDay,
                limit: 100_000,
                retry_after_seconds: 3_600,
            }),
            Self::Body => vec![
                Failure::MalformedJson("the body is not valid JSON at line 1, column 12".into()),
                Failure::PayloadTooLarge { most: Failure::MAX_BODY_BYTES },
                Failure::UnsupportedMediaType(Failure::JSON),
            ],
            Self::Form => vec![
                Failure::MalformedJson("the form breaks off".into()),
                Failure::PayloadTooLarge { most: Failure::MAX_FORM_BYTES },
                Failure::UnsupportedMediaType(Failure::FORM),
            ],
            Self::Message => [
                Error::InsufficientCredits,
                Error::Forbidden(Forbidden::WorkspaceInactive),
                Error::Conflict(Conflict::IdempotencyKeyReused),
                Error::MessageTooLong { field: "message" },
                Error::QuotaReached {
                    quota: Quota::MessagesPerMonth,
                    limit: 2_500,
                    retry_after_seconds: 86_400,
                },
            ]
            .map(Failure::from)
            .into(),
            Self::Unanswered => [Unanswered::Slow, Unanswered::Failed, Unanswered::AgentOff]
                .map(|why| Failure::from(Error::Unanswered(why)))
                .into(),
        }
    }
}

/// Everything that a route may refuse; nothing where it is open.
pub(super) fn all(access: Access, more: &[Refusal]) -> Vec<Failure> {
    let scope = match access {
        Access::Key(scope) => Some(scope),
        Access::AnyKey => None,
        Access::Open | Access::Operator | Access::Role(_) => return Vec::new(),
    };
    let mut failures: Vec<Failure> = more.iter().flat_map(|refusal| refusal.failures()).collect();
    failures.push(Error::Unauthenticated.into());
    failures.extend(scope.map(|scope: Scope| Error::Forbidden(Forbidden::Scope(scope)).into()));
    failures.push(Error::Limited { retry_after_seconds: 12 }.into());
    failures.push(Error::internal("never shown").into());
    failures.push(Error::unavailable("never shown").into());
    failures
}

/// The refusals of a whole document by status: of each code the first example.
#[derive(Debug, Default)]
pub(super) struct Refusals(BTreeMap<u16, BTreeMap<&'static str, Value>>);

impl Refusals {
    /// Adds refusals, and answers which statuses they have.
    pub(super) fn add(
        &mut self,
        failures: &[Failure],
        render: fn(&Failure) -> Rendered,
    ) -> BTreeMap<u16, String> {
        let mut statuses = BTreeMap::new();
        for failure in failures {
            let rendered = render(failure);
            let status = rendered.status.as_u16();
            let example = || serde_json::from_slice(&rendered.body).unwrap_or_default();
            self.0.entry(status).or_default().entry(rendered.code).or_insert_with(example);
            statuses.insert(status, name(status));
        }
        statuses
    }

    /// Each as a response, under its name.
    pub(super) fn responses(self) -> impl Iterator<Item = (String, Response)> {
        self.0.into_iter().map(|(status, examples)| (name(status), response(status, examples)))
    }
}

fn name(status: u16) -> String {
    format!("Refused{status}")
}

fn response(status: u16, examples: BTreeMap<&'static str, Value>) -> Response {
    let examples = examples
        .into_iter()
        .map(|(code, value)| (code, ExampleBuilder::new().value(Some(value)).build()));
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name(ENVELOPE)))
        .examples_from_iter(examples)
        .build();
    let answer =
        ResponseBuilder::new().description(meaning(status)).content("application/json", content);
    let more: &[&str] = if matches!(status, 429 | 503) { &[RETRY_AFTER] } else { &[] };
    with_headers(answer, more).build()
}

const fn meaning(status: u16) -> &'static str {
    match status {
        400 => "The request breaks a rule; the text names the field",
        401 => "The key is missing, wrong or revoked",
        402 => "The credits are used up",
        403 => "The key may not do this, or the workspace or its agent is not active",
        404 => "It is not there, or not yours",
        409 => "The idempotency key was used for another request, or the state does not allow it",
        413 => "The message or the body is too large",
        415 => "The body is not declared as what it must be",
        429 => "A limit or a quota is reached, or the credits are used up where 402 is not used",
        500 => "A fault of ours, or a reply that cannot be generated",
        503 => "Temporarily unavailable; try again",
        _ => "The request is refused",
    }
}
