//! Widgets.

use aiva_core::error::{Error, Result};
use aiva_core::id::{ProjectId, WidgetId, WorkspaceId};
use aiva_core::text::Label;
use aiva_core::widget::{Greeting, Origin, Theme, Widget};
use serde::{Deserialize, Serialize};

use super::{Millis, unknown};

/// A widget: `nm` is its name, `or` the allowed origins, `gr` the greeting, `th` the theme as JSON,
/// `up` when it last changed.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::dynamo) struct WidgetRow {
    w: WorkspaceId,
    p: ProjectId,
    i: WidgetId,
    nm: Label,
    #[serde(default)]
    or: Vec<Origin>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gr: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    th: Option<String>,
    ca: Millis,
    up: Millis,
}

impl From<&Widget> for WidgetRow {
    fn from(widget: &Widget) -> Self {
        Self {
            w: widget.workspace,
            p: widget.project,
            i: widget.id,
            nm: widget.name.clone(),
            or: widget.allowed_origins.clone(),
            gr: widget.greeting.as_ref().map(|greeting| greeting.as_str().to_owned()),
            th: theme_text(&widget.theme),
            ca: widget.created_at.into(),
            up: widget.updated_at.into(),
        }
    }
}

/// A theme as it is stored; an empty one is not.
pub(in crate::dynamo) fn theme_text(theme: &Theme) -> Option<String> {
    let json = theme.as_json();
    (!json.is_empty()).then(|| serde_json::Value::Object(json.clone()).to_string())
}

impl TryFrom<WidgetRow> for Widget {
    type Error = Error;

    fn try_from(row: WidgetRow) -> Result<Self> {
        let greeting =
            |text: String| Greeting::parse("greeting", &text).map_err(|_| unknown("greeting")());
        let theme = |text: String| {
            let value = serde_json::from_str(&text).map_err(|_| unknown("theme")())?;
            Theme::parse("theme", &value).map_err(|_| unknown("theme")())
        };
        Ok(Self {
            id: row.i,
            workspace: row.w,
            project: row.p,
            name: row.nm,
            allowed_origins: row.or,
            greeting: row.gr.map(greeting).transpose()?,
            theme: row.th.map(theme).transpose()?.unwrap_or_default(),
            created_at: row.ca.moment()?,
            updated_at: row.up.moment()?,
        })
    }
}
