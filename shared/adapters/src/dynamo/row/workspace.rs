//! Workspaces and projects.

use aiva_core::error::{Error, Result};
use aiva_core::id::{ProjectId, SourceId, WorkspaceId};
use aiva_core::knowledge::{Generation, Published};
use aiva_core::money::{MicroCredits, Rates};
use aiva_core::project::{Agent, Domain, Project};
use aiva_core::text::Label;
use aiva_core::tool::Toolset;
use aiva_core::webhook::Subscription;
use aiva_core::workspace::{AccessRequest, Plan, Workspace, WorkspaceLimits, WorkspaceStatus};
use serde::{Deserialize, Serialize};

use super::{Millis, unknown};

/// A workspace: `st` is its status, `lim` its limits, `ra` its rates, `ws` its wallet's shards.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::dynamo) struct WorkspaceRow {
    id: WorkspaceId,
    nm: Label,
    em: String,
    st: WorkspaceStatus,
    pl: Plan,
    lim: LimitsRow,
    ra: RatesRow,
    ws: u8,
    ro: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    uc: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ev: Option<String>,
    ca: Millis,
}

/// Limits: requests a minute, a day, and what one end user may spend in a month.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::dynamo) struct LimitsRow {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    m: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    d: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    u: Option<MicroCredits>,
}

/// Rates: micro-credits a million tokens in and out.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(in crate::dynamo) struct RatesRow {
    i: MicroCredits,
    o: MicroCredits,
}

impl From<&WorkspaceLimits> for LimitsRow {
    fn from(limits: &WorkspaceLimits) -> Self {
        Self {
            m: limits.requests_per_minute,
            d: limits.requests_per_day,
            u: limits.user_monthly_cap,
        }
    }
}

impl From<Rates> for RatesRow {
    fn from(rates: Rates) -> Self {
        Self { i: rates.input_per_million_tokens, o: rates.output_per_million_tokens }
    }
}

impl From<RatesRow> for Rates {
    fn from(row: RatesRow) -> Self {
        Self { input_per_million_tokens: row.i, output_per_million_tokens: row.o }
    }
}

impl From<&Workspace> for WorkspaceRow {
    fn from(workspace: &Workspace) -> Self {
        Self {
            id: workspace.id,
            nm: workspace.name.clone(),
            em: workspace.email.clone(),
            st: workspace.status,
            pl: workspace.plan,
            lim: LimitsRow::from(&workspace.limits),
            ra: RatesRow::from(workspace.rates),
            ws: workspace.wallet_shards,
            ro: workspace.reopen_on_message,
            uc: workspace.request.use_case.clone(),
            ev: workspace.request.expected_volume.clone(),
            ca: workspace.created_at.into(),
        }
    }
}

impl TryFrom<WorkspaceRow> for Workspace {
    type Error = Error;

    fn try_from(row: WorkspaceRow) -> Result<Self> {
        Ok(Self {
            id: row.id,
            name: row.nm,
            email: row.em,
            status: row.st,
            plan: row.pl,
            limits: WorkspaceLimits {
                requests_per_minute: row.lim.m,
                requests_per_day: row.lim.d,
                user_monthly_cap: row.lim.u,
            },
            rates: row.ra.into(),
            wallet_shards: row.ws,
            reopen_on_message: row.ro,
            request: AccessRequest { use_case: row.uc, expected_volume: row.ev },
            created_at: row.ca.moment()?,
        })
    }
}

/// A project: `dm` is the host name of its website, `kv` the version of its knowledge, `ag` its agent, a document as the operator sent it,
/// `tc` how many tools it has and `tt` the tokens of their definitions; `kb` the characters of its
/// knowledge, `g` and `gv` its newest generation and the one before, `go` and `gp` the sources deleted
/// since each, `owed` there where an index is owed.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::dynamo) struct ProjectRow {
    id: ProjectId,
    w: WorkspaceId,
    nm: Label,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dm: Option<Domain>,
    ag: Agent,
    kv: u64,
    #[serde(default, skip_serializing_if = "is_none")]
    tc: u32,
    #[serde(default, skip_serializing_if = "is_none")]
    tt: u32,
    /// Who is told what happens, as one text, so that it can be compared as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wh: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kb: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    g: Option<GenerationRow>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gv: Option<GenerationRow>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    go: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gp: Option<Vec<String>>,
    #[serde(default, skip_serializing)]
    owed: Option<String>,
    ca: Millis,
}

fn is_none(count: &u32) -> bool {
    *count == 0
}

/// A project's subscriptions as they are stored and compared; none are no text.
pub(in crate::dynamo) fn subscriptions_text(list: &[Subscription]) -> Result<Option<String>> {
    if list.is_empty() {
        return Ok(None);
    }
    serde_json::to_string(list).map(Some).map_err(Error::internal)
}

/// A generation: `o` is its object, `v` its version, `b` its bytes, `c` its passages, `x` those whose
/// vectors are still to come.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::dynamo) struct GenerationRow {
    o: String,
    v: u64,
    b: u64,
    c: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    x: Option<u64>,
}

impl From<&Generation> for GenerationRow {
    fn from(generation: &Generation) -> Self {
        Self {
            o: generation.object.clone(),
            v: generation.version,
            b: generation.bytes,
            c: generation.chunks,
            x: Some(generation.vectors_owed).filter(|owed| *owed > 0),
        }
    }
}

impl From<GenerationRow> for Generation {
    fn from(row: GenerationRow) -> Self {
        let vectors_owed = row.x.unwrap_or(0);
        Self { object: row.o, version: row.v, bytes: row.b, chunks: row.c, vectors_owed }
    }
}

impl From<&Project> for ProjectRow {
    fn from(project: &Project) -> Self {
        Self {
            id: project.id,
            w: project.workspace,
            nm: project.name.clone(),
            dm: project.domain.clone(),
            ag: project.agent.clone(),
            kv: project.knowledge_version,
            tc: project.tools.count,
            tt: project.tools.tokens,
            // A new project has none.
            wh: None,
            kb: None,
            g: None,
            gv: None,
            go: None,
            gp: None,
            owed: None,
            ca: project.created_at.into(),
        }
    }
}

impl TryFrom<ProjectRow> for Project {
    type Error = Error;

    fn try_from(row: ProjectRow) -> Result<Self> {
        let ids = |bare: Option<Vec<String>>| -> Result<Vec<SourceId>> {
            let broken = unknown("source id");
            let ids = bare.unwrap_or_default();
            ids.iter().map(|bare| SourceId::from_bare(bare).ok_or_else(&broken)).collect()
        };
        let gone_since = ids(row.go)?;
        let mut gone = ids(row.gp)?;
        gone.extend(&gone_since);
        let knowledge = Published {
            text_bytes: u64::try_from(row.kb.unwrap_or(0)).unwrap_or(0),
            generation: row.g.map(Generation::from),
            previous: row.gv.map(Generation::from),
            gone,
            gone_since,
            owed: row.owed.is_some(),
        };
        Ok(Self {
            id: row.id,
            workspace: row.w,
            name: row.nm,
            domain: row.dm,
            agent: row.ag,
            knowledge_version: row.kv,
            tools: Toolset { count: row.tc, tokens: row.tt },
            webhooks: row
                .wh
                .as_deref()
                .map_or_else(|| Ok(Vec::new()), serde_json::from_str)
                .map_err(Error::internal)?,
            knowledge,
            created_at: row.ca.moment()?,
        })
    }
}
