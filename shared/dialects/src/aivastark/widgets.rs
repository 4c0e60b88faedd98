//! `POST`, `GET …/widgets`, and `GET`, `PATCH`, `DELETE …/widgets/{widget_id}`.

use std::sync::Arc;

use aiva_core::change::Change;
use aiva_core::error::{Error, Result as CoreResult};
use aiva_core::id::{ProjectId, WidgetId, WorkspaceId};
use aiva_core::key::{Caller, Scope};
use aiva_core::ports::{Ports, WidgetStore};
use aiva_core::text::Label;
use aiva_core::time;
use aiva_core::widget::{self, CreateWidget, Greeting, Origin, Theme, Widget, WidgetPatch};
use http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value};

use super::list::{self, DEFAULT_ITEMS};
use super::{project, route};
use crate::http::{
    Call, Edge, Failure, Fields, Function, Made, Reply, Route, RouteSet, Verb, list as texts, once,
};

const MANAGING: (Function, Scope) = (Function::Chat, Scope::WidgetsManage);

pub(super) const CREATE: Route =
    route(MANAGING, Verb::Post, &["/v1/projects/{project_id}/widgets"]);
pub(super) const LIST: Route = route(MANAGING, Verb::Get, &["/v1/projects/{project_id}/widgets"]);
pub(super) const READ: Route =
    route(MANAGING, Verb::Get, &["/v1/projects/{project_id}/widgets/{widget_id}"]);
pub(super) const UPDATE: Route =
    route(MANAGING, Verb::Patch, &["/v1/projects/{project_id}/widgets/{widget_id}"]);
pub(super) const DELETE: Route =
    route(MANAGING, Verb::Delete, &["/v1/projects/{project_id}/widgets/{widget_id}"]);

pub(super) fn serving<P: Ports>() -> RouteSet<P> {
    RouteSet::new()
        .serve(CREATE, |edge, call| Box::pin(create(edge, call)))
        .serve(LIST, |edge, call| Box::pin(list(edge, call)))
        .serve(READ, |edge, call| Box::pin(show(edge, call)))
        .serve(UPDATE, |edge, call| Box::pin(update(edge, call)))
        .serve(DELETE, |edge, call| Box::pin(delete(edge, call)))
}

/// What a widget is called that nobody named.
const UNNAMED: &str = "Widget";

#[derive(Serialize)]
struct WidgetRow {
    id: WidgetId,
    name: String,
    embed_key: String,
    allowed_origins: Vec<Origin>,
    greeting: Option<String>,
    theme: Map<String, Value>,
    created_at: String,
    updated_at: String,
}

impl From<Widget> for WidgetRow {
    fn from(widget: Widget) -> Self {
        Self {
            id: widget.id,
            name: widget.name.to_string(),
            embed_key: widget.embed_key().to_string(),
            greeting: widget.greeting.map(|greeting| greeting.as_str().to_owned()),
            theme: widget.theme.as_json().clone(),
            created_at: time::seconds(widget.created_at),
            updated_at: time::seconds(widget.updated_at),
            allowed_origins: widget.allowed_origins,
        }
    }
}

async fn create<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let caller = project::enter(&edge, &call).await?;
    let fields = call.fields_if_any().await?;
    let body = fields.canonical();
    let (place, command) = (place(&caller), new_widget(fields)?);
    once(&edge, &call, (place.0, &body), |app, env| async move {
        let widget = widget::create(&app.store, &env, place, command).await?;
        Made::json(StatusCode::CREATED, &WidgetRow::from(widget))
    })
    .await
}

fn new_widget(mut fields: Fields) -> Result<CreateWidget, Failure> {
    let name = fields.optional_text("name", Label::parse);
    let origins = fields.optional("allowed_origins", origins);
    let greeting = fields.optional_text("greeting", Greeting::parse);
    let theme = fields.optional("theme", Theme::parse);
    let (Some(name), Some(origins), Some(greeting), Some(theme)) = (name, origins, greeting, theme)
    else {
        return Err(fields.refusal());
    };
    let name = match name {
        Some(name) => name,
        None => Label::parse("name", UNNAMED)?,
    };
    let allowed_origins = origins.unwrap_or_default();
    Ok(CreateWidget { name, allowed_origins, greeting, theme: theme.unwrap_or_default() })
}

fn origins(field: &'static str, value: &Value) -> CoreResult<Vec<Origin>> {
    Origin::parse_all(field, &texts(field, value)?)
}

async fn list<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let caller = project::enter(&edge, &call).await?;
    let (workspace, project) = place(&caller);
    let name = format!("widgets/{project}");
    let asked = list::asked(&edge, &call, (workspace, &name), DEFAULT_ITEMS).await?;
    let store = &edge.app.store;
    let page = store.widgets(workspace, project, asked.before()?, asked.limit).await?;
    list::reply(&asked, &edge, page, WidgetRow::from).await
}

async fn show<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let caller = project::enter(&edge, &call).await?;
    let (workspace, project) = place(&caller);
    let widget = edge.app.store.widget(workspace, project, named(&call)?).await?;
    Reply::json(StatusCode::OK, &WidgetRow::from(widget.ok_or(Error::NotFound)?))
}

async fn update<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let caller = project::enter(&edge, &call).await?;
    let patch = patch(call.fields().await?)?;
    let app = &*edge.app;
    let widget = widget::update(&app.store, app, place(&caller), named(&call)?, patch).await?;
    Reply::json(StatusCode::OK, &WidgetRow::from(widget))
}

fn patch(mut fields: Fields) -> Result<WidgetPatch, Failure> {
    let name = fields.optional_text("name", Label::parse);
    let origins = change(&mut fields, "allowed_origins", origins);
    let greeting = change(&mut fields, "greeting", |field, value| {
        Greeting::parse(field, crate::http::text(field, value)?)
    });
    let theme = change(&mut fields, "theme", Theme::parse);
    let (Some(name), Some(allowed_origins), Some(greeting), Some(theme)) =
        (name, origins, greeting, theme)
    else {
        return Err(fields.refusal());
    };
    Ok(WidgetPatch { name, allowed_origins, greeting, theme })
}

/// A field that tells null from absence.
fn change<T>(
    fields: &mut Fields,
    name: &'static str,
    parse: impl FnOnce(&'static str, &Value) -> CoreResult<T>,
) -> Option<Change<T>> {
    if fields.is_null(name) {
        return Some(Change::Clear);
    }
    match fields.has(name) {
        true => fields.required(name, parse).map(Change::Set),
        false => Some(Change::Keep),
    }
}

async fn delete<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let caller = project::enter(&edge, &call).await?;
    widget::delete(&edge.app.store, place(&caller), named(&call)?).await?;
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

fn place(caller: &Caller) -> (WorkspaceId, ProjectId) {
    (caller.key.id.workspace, caller.key.project)
}

/// The widget in the path; what can be no id names none.
fn named(call: &Call) -> CoreResult<WidgetId> {
    call.param("widget_id").parse().map_err(|_| Error::NotFound)
}
