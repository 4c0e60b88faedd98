//! Asking for access: a pending workspace with its default project.

use super::{AccessRequest, Plan, Workspace, WorkspaceLimits, WorkspaceStatus, default_project};
use crate::error::{Error, Problem, Result};
use crate::id::WorkspaceId;
use crate::money::Rates;
use crate::ports::{Clock, Entropy, WorkspaceStore};
use crate::project::{Agent, Domain, Project};
use crate::text::Label;
use crate::tool::Toolset;
use crate::wallet;

/// A wish for a workspace, as it was written.
#[derive(Debug, Clone, Default)]
pub struct RequestAccess {
    /// What people call it.
    pub name: String,
    /// Where its owner is reached.
    pub email: String,
    /// The plan's name; the default plan where it is absent.
    pub plan: Option<String>,
    /// The host name of its website.
    pub domain: Option<String>,
    /// What is being built.
    pub use_case: Option<String>,
    /// How much is expected.
    pub expected_volume: Option<String>,
}

const MAX_EMAIL_BYTES: usize = 254;
const MAX_LOCAL_BYTES: usize = 64;
const MAX_USE_CASE_CHARS: usize = 2_000;
const MAX_VOLUME_CHARS: usize = 200;
const DEFAULT_PROJECT_NAME: &str = "Default";

/// Stores a pending workspace.
///
/// # Errors
/// [`Error::Invalid`] with every field that breaks its rule.
pub async fn request(
    store: &impl WorkspaceStore,
    env: &(impl Clock + Entropy),
    command: RequestAccess,
) -> Result<Workspace> {
    let now = env.now();
    let id = WorkspaceId::new(now, env);
    let (workspace, domain) = read(id, now, command)?;
    let project = Project {
        id: default_project(id),
        workspace: id,
        name: Label::parse("name", DEFAULT_PROJECT_NAME)?,
        domain,
        agent: Agent::default(),
        knowledge_version: 0,
        tools: Toolset::default(),
        webhooks: Vec::new(),
        knowledge: crate::knowledge::Published::default(),
        created_at: now,
    };
    store.create_workspace(&workspace, &project).await?;
    Ok(workspace)
}

fn read(
    id: WorkspaceId,
    now: jiff::Timestamp,
    command: RequestAccess,
) -> Result<(Workspace, Option<Domain>)> {
    let mut problems = Vec::new();
    let name = collect(Label::parse("name", &command.name), &mut problems);
    let email = collect(email("email", &command.email), &mut problems);
    let plan = collect(plan(command.plan.as_deref()), &mut problems);
    let domain = command.domain.map(|domain| Domain::parse("domain", &domain)).transpose();
    let domain = collect(domain, &mut problems);
    let use_case = prose("useCase", command.use_case, MAX_USE_CASE_CHARS);
    let use_case = collect(use_case, &mut problems);
    let expected_volume = prose("expectedVolume", command.expected_volume, MAX_VOLUME_CHARS);
    let expected_volume = collect(expected_volume, &mut problems);
    let (Some(name), Some(email), Some(plan), Some(domain)) = (name, email, plan, domain) else {
        return Err(Error::Invalid(problems));
    };
    let (Some(use_case), Some(expected_volume)) = (use_case, expected_volume) else {
        return Err(Error::Invalid(problems));
    };
    let workspace = Workspace {
        id,
        name,
        email,
        status: WorkspaceStatus::Pending,
        plan,
        limits: WorkspaceLimits::default(),
        rates: Rates::default(),
        wallet_shards: wallet::DEFAULT_SHARDS,
        reopen_on_message: true,
        request: AccessRequest { use_case, expected_volume },
        created_at: now,
    };
    Ok((workspace, domain))
}

/// Keeps the value, or the problems.
fn collect<T>(result: Result<T>, problems: &mut Vec<Problem>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(Error::Invalid(found)) => {
            problems.extend(found);
            None
        }
        Err(other) => {
            problems.push(Problem::new("body", other.to_string()));
            None
        }
    }
}

fn plan(text: Option<&str>) -> Result<Plan> {
    let Some(text) = text else { return Ok(Plan::default()) };
    plan_named("plan", text)
}

/// Reads a plan by its name.
pub(super) fn plan_named(field: &'static str, text: &str) -> Result<Plan> {
    Plan::parse(text).ok_or_else(|| {
        let names: Vec<&str> = Plan::ALL.iter().map(|plan| plan.as_str()).collect();
        Error::invalid(field, format!("must be one of {}", names.join(", ")))
    })
}

/// Reads an address that a mail could plausibly reach; only sending one proves more.
pub(crate) fn email(field: &'static str, text: &str) -> Result<String> {
    let text = text.trim();
    let plausible = text.rsplit_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && local.len() <= MAX_LOCAL_BYTES
            && !local.contains('@')
            && domain.contains('.')
            && domain.split('.').all(is_domain_label)
    });
    let clean = !text.chars().any(|c| c.is_whitespace() || c.is_control() || "<>,;\"".contains(c));
    if plausible && clean && text.len() <= MAX_EMAIL_BYTES {
        Ok(text.to_owned())
    } else {
        Err(Error::invalid(field, "must be an e-mail address of at most 254 characters"))
    }
}

fn is_domain_label(label: &str) -> bool {
    !label.is_empty()
        && label.len() <= 63
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.chars().all(|c| c.is_alphanumeric() || c == '-')
}

fn prose(field: &'static str, text: Option<String>, max_chars: usize) -> Result<Option<String>> {
    let Some(text) = text else { return Ok(None) };
    let trimmed = text.trim();
    if trimmed.chars().count() > max_chars {
        return Err(Error::invalid(field, format!("must be at most {max_chars} characters")));
    }
    Ok((!trimmed.is_empty()).then(|| trimmed.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plausible_addresses_are_taken_and_others_refused() {
        for good in ["a@b.co", "first.last+tag@sub.example.com", " jürgen@müller.de "] {
            assert!(email("email", good).is_ok(), "{good:?}");
        }
        let long = format!("{}@example.com", "x".repeat(65));
        for bad in
            ["", "a", "@b.co", "a@", "a@b", "a@b..co", "a@@b.co", "a b@c.de", "a@-b.co", &long]
        {
            assert!(email("email", bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn every_broken_field_is_named_at_once() {
        let command = RequestAccess { plan: Some("gold".into()), ..RequestAccess::default() };
        let id = WorkspaceId::from_uuid(uuid::Uuid::nil());
        let Err(Error::Invalid(problems)) = read(id, jiff::Timestamp::UNIX_EPOCH, command) else {
            panic!("must be refused");
        };
        let fields: Vec<&str> = problems.iter().map(|problem| problem.field.as_ref()).collect();
        assert_eq!(fields, ["name", "email", "plan"]);
    }
}
