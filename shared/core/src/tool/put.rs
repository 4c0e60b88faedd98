//! Making a tool, or replacing it whole.

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::{Access, Tool, ToolChange, ToolChanged, ToolName, schema};
use crate::app::App;
use crate::callback::new_secret;
use crate::egress;
use crate::error::{Error, Problem, Result};
use crate::ports::{Clock, Ports, ToolStore, Vault};
use crate::project::Project;

/// A tool as the operator wrote it.
#[derive(Debug)]
pub struct PutTool {
    /// Its name.
    pub name: String,
    /// What it does: 1–2,000 characters, for the model.
    pub description: String,
    /// The JSON Schema of its arguments.
    pub parameters: Value,
    /// Its endpoint, judged like a callback's.
    pub url: String,
    /// The secret that signs its calls, 8–256 characters; made where there is none, kept where there is.
    pub secret: Option<SecretString>,
    /// `public` or `personal`.
    pub access: String,
    /// Whether a call may be sent again with the same call id.
    pub repeatable: bool,
}

/// What was saved.
#[derive(Debug)]
pub struct Saved {
    /// The tool.
    pub tool: Tool,
    /// Whether it is new.
    pub created: bool,
    /// The secret, if it was made now: shown this once.
    pub secret: Option<SecretString>,
}

const MAX_DESCRIPTION_CHARS: usize = 2_000;
const SECRET_CHARS: std::ops::RangeInclusive<usize> = 8..=256;
/// Tries after a lost race, so many at most.
const MAX_ROUNDS: usize = 10;

/// Saves a tool; generations that begin later know it.
///
/// # Errors
/// [`Error::Invalid`] with every field that breaks its rule, [`Error::Conflict`] when the project has
/// as many tools as it may.
pub async fn put<P: Ports>(app: &App<P>, project: &Project, command: PutTool) -> Result<Saved> {
    let name = ToolName::parse(&command.name);
    let draft = read(app, &command).await;
    let (name, draft) = match (name, draft) {
        (Ok(name), Ok(draft)) => (name, draft),
        (Err(Error::Invalid(mut problems)), Err(Error::Invalid(more))) => {
            problems.extend(more);
            return Err(Error::Invalid(problems));
        }
        (Err(error), _) | (_, Err(error)) => return Err(error),
    };
    let given = match &command.secret {
        Some(secret) => Some(app.vault.seal(project.workspace, secret).await?),
        None => None,
    };
    let mut made: Option<(String, SecretString)> = None;
    let mut created = false;
    for _ in 0..MAX_ROUNDS {
        let before = app.store.tool(project.workspace, project.id, &name).await?;
        let sealed = match (&given, &before) {
            (Some(sealed), _) => sealed.clone(),
            (None, Some(before)) => before.sealed_secret.clone(),
            (None, None) => {
                let secret = new_secret(app);
                let sealed = app.vault.seal(project.workspace, &secret).await?;
                made = Some((sealed.clone(), secret));
                sealed
            }
        };
        // What an earlier try stored, whose answer was lost, is as new as it was then: no two texts
        // are sealed alike.
        let ours = before.as_ref().is_some_and(|before| {
            let own = given.as_ref().or(made.as_ref().map(|(sealed, _)| sealed));
            own == Some(&before.sealed_secret)
        });
        created = before.is_none() || (ours && created);
        let after = Some(draft.tool((app.now(), before.as_ref()), project, &name, sealed));
        let change = ToolChange { before, after };
        match app.store.change_tool(&change).await? {
            ToolChanged::Stored => return saved(change, created, made),
            ToolChanged::Stale => {}
            ToolChanged::TooMany => {
                return Err(Error::conflict(
                    "the project has 32 tools, which is the most it may have; delete one first",
                ));
            }
        }
    }
    Err(Error::unavailable("the tool is contended"))
}

fn saved(change: ToolChange, created: bool, made: Option<(String, SecretString)>) -> Result<Saved> {
    let tool = change.after.ok_or_else(|| Error::internal("a saved tool is none"))?;
    let made = made.filter(|(sealed, _)| *sealed == tool.sealed_secret);
    Ok(Saved { tool, created, secret: made.map(|(_, secret)| secret) })
}

struct Draft {
    description: String,
    parameters: String,
    url: String,
    access: Access,
    repeatable: bool,
}

impl Draft {
    fn tool(
        &self,
        (now, before): (Timestamp, Option<&Tool>),
        project: &Project,
        name: &ToolName,
        sealed_secret: String,
    ) -> Tool {
        Tool {
            workspace: project.workspace,
            project: project.id,
            name: name.clone(),
            description: self.description.clone(),
            parameters: self.parameters.clone(),
            url: self.url.clone(),
            sealed_secret,
            access: self.access,
            repeatable: self.repeatable,
            created_at: before.map_or(now, |before| before.created_at),
            updated_at: now,
        }
    }
}

async fn read<P: Ports>(app: &App<P>, command: &PutTool) -> Result<Draft> {
    let mut problems = Vec::new();
    let description = command.description.trim().to_owned();
    if description.is_empty() || description.chars().count() > MAX_DESCRIPTION_CHARS {
        problems.push(Problem::new("description", "must be 1 to 2,000 characters"));
    }
    if let Err(problem) = schema::judge(&command.parameters) {
        problems.push(Problem::new("parameters", problem));
    }
    let access = Access::parse(&command.access);
    if access.is_none() {
        problems.push(Problem::new("access", "must be public or personal"));
    }
    let secret = command.secret.as_ref().map(|secret| secret.expose_secret());
    let is_fit = |secret: &str| {
        SECRET_CHARS.contains(&secret.chars().count()) && !secret.chars().any(char::is_control)
    };
    if secret.is_some_and(|secret| !is_fit(secret)) {
        let problem = "must be 8 to 256 characters without control characters";
        problems.push(Problem::new("secret", problem));
    }
    let url = match egress::vet(&app.names, &command.url, &app.settings.egress).await {
        Ok(url) => Some(url.as_str().to_owned()),
        Err(problem) => {
            problems.push(Problem::new("url", problem.to_string()));
            None
        }
    };
    match (access, url) {
        (Some(access), Some(url)) if problems.is_empty() => {
            let parameters = command.parameters.to_string();
            Ok(Draft { description, parameters, url, access, repeatable: command.repeatable })
        }
        _ => Err(Error::Invalid(problems)),
    }
}
