//! Projects and their agents.

use std::sync::Arc;

use aiva_core::error::{Error, Result as CoreResult};
use aiva_core::ports::Ports;
use aiva_core::project::{self, Agent, AgentDraft, Project};
use aiva_core::time;
use http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value};

use super::once::{Made, once};
use super::page;
use super::read::whole;
use super::{read, route};
use crate::http::{
    Call, Edge, Failure, Fields, Reply, Route, RouteSet, Verb, as_written, list as texts, yes_or_no,
};

pub(super) const CREATE: Route = route(Verb::Post, &["/admin/v1/workspaces/{workspace}/projects"]);
pub(super) const LIST: Route = route(Verb::Get, &["/admin/v1/workspaces/{workspace}/projects"]);
pub(super) const SET_AGENT: Route =
    route(Verb::Put, &["/admin/v1/workspaces/{workspace}/projects/{project}/agent"]);
pub(super) const AGENT: Route =
    route(Verb::Get, &["/admin/v1/workspaces/{workspace}/projects/{project}/agent"]);

pub(super) fn serving<P: Ports>() -> RouteSet<P> {
    RouteSet::new()
        .serve(CREATE, |edge, call| Box::pin(create(edge, call)))
        .serve(LIST, |edge, call| Box::pin(list(edge, call)))
        .serve(SET_AGENT, |edge, call| Box::pin(set_agent(edge, call)))
        .serve(AGENT, |edge, call| Box::pin(agent(edge, call)))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProjectRow {
    project_id: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    domain: Option<String>,
    default: bool,
    created_at: String,
}

impl From<Project> for ProjectRow {
    fn from(project: Project) -> Self {
        Self {
            project_id: project.id.to_string(),
            name: project.name.to_string(),
            domain: project.domain.as_ref().map(ToString::to_string),
            default: project.id == aiva_core::workspace::default_project(project.workspace),
            created_at: time::millis(project.created_at),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AgentRow {
    #[serde(skip_serializing_if = "Option::is_none")]
    persona: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    greeting: Option<String>,
    ai_enabled: bool,
    escalation: EscalationRow,
    model: ModelRow,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EscalationRow {
    #[serde(skip_serializing_if = "Option::is_none")]
    low_confidence_turns: Option<u8>,
    keywords: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ModelRow {
    max_input_tokens: u32,
    max_output_tokens: u32,
}

impl From<Agent> for AgentRow {
    fn from(agent: Agent) -> Self {
        Self {
            ai_enabled: agent.is_enabled(),
            persona: agent.persona,
            greeting: agent.greeting,
            escalation: EscalationRow {
                low_confidence_turns: agent.escalation.low_confidence_turns,
                keywords: agent.escalation.keywords,
            },
            model: ModelRow {
                max_input_tokens: agent.model.max_input_tokens,
                max_output_tokens: agent.model.max_output_tokens,
            },
        }
    }
}

async fn create<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let mut fields = call.fields().await?;
    let name = fields.required_text("name", as_written);
    let domain = fields.optional_text("domain", as_written);
    let (Some(name), Some(domain)) = (name, domain) else { return Err(fields.refusal()) };
    let workspace = read::workspace(&edge, &call).await?.id;
    let body = fields.canonical();
    once(&edge, &call, (workspace, &body), |app, env| async move {
        let made = project::create(&app.store, &env, workspace, (&name, domain.as_deref())).await?;
        Made::new(StatusCode::CREATED, &ProjectRow::from(made))
    })
    .await
}

async fn list<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let workspace = read::workspace(&edge, &call).await?.id;
    let asked = page::asked(&edge, &call, workspace, "projects").await?;
    let page = project::list(&edge.app.store, workspace, asked.before()?, asked.limit).await?;
    page::reply(&asked, &edge, page, ProjectRow::from).await
}

async fn set_agent<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let draft = draft(call.fields().await?)?;
    let project = read::project(&edge, &call).await?;
    let agent = project::set_agent(&edge.app.store, &project, draft).await?;
    Reply::success(StatusCode::OK, &AgentRow::from(agent))
}

async fn agent<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let project = read::project(&edge, &call).await?;
    Reply::success(StatusCode::OK, &AgentRow::from(project.agent))
}

fn draft(mut fields: Fields) -> Result<AgentDraft, Failure> {
    let persona = fields.optional_text("persona", as_written);
    let greeting = fields.optional_text("greeting", as_written);
    let ai_enabled = fields.optional("aiEnabled", yes_or_no);
    let escalation = fields.optional("escalation", |field, value| {
        let object = object(field, value)?;
        let turns = member(object, "lowConfidenceTurns", "escalation.lowConfidenceTurns", whole)?;
        let keywords = member(object, "keywords", "escalation.keywords", texts)?;
        Ok((turns, keywords))
    });
    let model = fields.optional("model", |field, value| {
        let object = object(field, value)?;
        let input = member(object, "maxInputTokens", "model.maxInputTokens", whole)?;
        let output = member(object, "maxOutputTokens", "model.maxOutputTokens", whole)?;
        Ok((input, output))
    });
    let (Some(persona), Some(greeting), Some(ai_enabled), Some(escalation), Some(model)) =
        (persona, greeting, ai_enabled, escalation, model)
    else {
        return Err(fields.refusal());
    };
    let (low_confidence_turns, keywords) = escalation.unwrap_or_default();
    let (max_input_tokens, max_output_tokens) = model.unwrap_or_default();
    Ok(AgentDraft {
        persona,
        greeting,
        ai_enabled,
        low_confidence_turns,
        keywords: keywords.unwrap_or_default(),
        max_input_tokens,
        max_output_tokens,
    })
}

fn object<'a>(field: &'static str, value: &'a Value) -> CoreResult<&'a Map<String, Value>> {
    value.as_object().ok_or_else(|| Error::invalid(field, "must be a JSON object"))
}

/// A member of an object inside the body; null is a member left out.
fn member<T>(
    object: &Map<String, Value>,
    name: &str,
    field: &'static str,
    parse: impl FnOnce(&'static str, &Value) -> CoreResult<T>,
) -> CoreResult<Option<T>> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => parse(field, value).map(Some),
    }
}
