//! The workspace: the tenant, with its plan, limits and rates.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Forbidden, Result};
use crate::id::{ProjectId, WorkspaceId};
use crate::key::RequestLimits;
use crate::money::{MicroCredits, Rates};
use crate::text::Label;

mod approve;
mod change;
mod find;
mod inbox;
mod limits;
mod plan;
mod rates;
mod request;
mod settings;

pub use approve::approve;
pub use find::find;
pub use inbox::inbox;
pub(crate) use limits::requests;
pub use limits::{LimitsPatch, set_limits};
pub use plan::{Plan, PlanTerms};
pub use rates::{RatesPatch, set_rates};
pub(crate) use request::email;
pub use request::{RequestAccess, request};
pub use settings::{SettingsPatch, set_settings};

/// The tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    /// The workspace.
    pub id: WorkspaceId,
    /// What people call it.
    pub name: Label,
    /// Where its owner is reached.
    pub email: String,
    /// Requested, live or stopped.
    pub status: WorkspaceStatus,
    /// What it pays for.
    pub plan: Plan,
    /// Limits set over the plan's.
    pub limits: WorkspaceLimits,
    /// What tokens cost here.
    pub rates: Rates,
    /// Over how many rows the wallet is spread.
    pub wallet_shards: u8,
    /// Whether a message reopens a resolved conversation.
    pub reopen_on_message: bool,
    /// What was told with the request for access.
    pub request: AccessRequest,
    /// When access was requested.
    pub created_at: Timestamp,
}

impl Workspace {
    /// The default project's id: the workspace's own UUID under the project's prefix, so that it is
    /// known without being looked up.
    pub fn default_project(&self) -> ProjectId {
        default_project(self.id)
    }

    /// Checks that the workspace may work.
    ///
    /// # Errors
    /// [`Error::Forbidden`] unless it is active.
    pub fn require_active(&self) -> Result<()> {
        match self.status {
            WorkspaceStatus::Active => Ok(()),
            WorkspaceStatus::Pending | WorkspaceStatus::Suspended => {
                Err(Error::Forbidden(Forbidden::WorkspaceInactive))
            }
        }
    }

    /// The request limits in force for all its keys: the settings, or else the plan's.
    pub fn request_limits(&self) -> RequestLimits {
        let plan = self.plan.terms().requests;
        RequestLimits {
            per_minute: self.limits.requests_per_minute.or(plan.per_minute),
            per_day: self.limits.requests_per_day.or(plan.per_day),
        }
    }
}

/// The default project of a workspace.
pub const fn default_project(workspace: WorkspaceId) -> ProjectId {
    ProjectId::from_uuid(workspace.uuid())
}

/// Whether a workspace may work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WorkspaceStatus {
    /// Access was requested.
    Pending,
    /// It works.
    Active,
    /// It was stopped.
    Suspended,
}

impl WorkspaceStatus {
    /// The status on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Suspended => "suspended",
        }
    }
}

/// What was told with the request for access.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AccessRequest {
    /// What is being built.
    pub use_case: Option<String>,
    /// How much is expected.
    pub expected_volume: Option<String>,
}

/// Limits that the operator set; `None` leaves the plan's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct WorkspaceLimits {
    /// Requests a minute for each key.
    pub requests_per_minute: Option<u32>,
    /// Requests a day for each key.
    pub requests_per_day: Option<u32>,
    /// What one end user may spend in a calendar month (UTC).
    pub user_monthly_cap: Option<MicroCredits>,
}
