//! What a key is told of itself and its workspace.

use aiva_core::key::ApiKey;
use aiva_core::money::MicroCredits;
use aiva_core::time;
use aiva_core::wallet::WalletView;
use aiva_core::workspace::Workspace;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// The key that calls.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Me {
    /// Its workspace.
    #[schema(example = "ws_01k2m8r4t5wq6x7y8z9a0bcdef")]
    pub workspace_id: String,
    /// Its project.
    #[schema(example = "pr_01k2m8r4t5wq6x7y8z9a0bcdef")]
    pub project_id: String,
    /// The key's public id.
    pub key_id: String,
    /// What the operator calls it.
    #[schema(example = "backend")]
    pub name: String,
    /// What it may do.
    #[schema(example = json!(["messages:write", "conversations:read"]))]
    pub scopes: Vec<&'static str>,
    /// What the workspace pays for.
    #[schema(example = "enterprise")]
    pub plan: &'static str,
    /// The limits in force.
    pub limits: Limits,
    /// What is used of the month, for a key with `account:read`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<MonthUsage>,
    /// The wallet, for a key with `account:read`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wallet: Option<Wallet>,
}

/// The limits in force; `null` is no limit.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// Requests a minute.
    #[schema(example = 600)]
    pub requests_per_minute: Option<u32>,
    /// Requests a day (UTC).
    pub requests_per_day: Option<u32>,
    /// Micro-credits one end user may spend in a calendar month (UTC).
    pub user_monthly_cap: Option<i64>,
    /// Messages of all keys that are answered in a calendar month (UTC).
    #[schema(example = 2500)]
    pub messages_per_month: Option<u32>,
}

/// What the workspace has used of the running month.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MonthUsage {
    /// Messages that count to `messagesPerMonth`: those answered, and those whose reply is on its way.
    #[schema(example = 150)]
    pub messages_this_month: u32,
    /// When the count begins anew.
    #[schema(example = "2026-08-01T00:00:00.000Z", format = DateTime)]
    pub month_ends_at: String,
}

/// The wallet, in micro-credits.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Wallet {
    /// The sum of the ledger.
    pub balance: i64,
    /// The balance less what is held.
    pub available: i64,
    /// What is held for replies being generated.
    pub held: i64,
    /// Always `microcredit`: 1,000,000 are one credit.
    #[schema(example = "microcredit")]
    pub currency: &'static str,
    /// What tokens cost.
    pub rates: Rates,
    /// What is held for one reply.
    pub worst_case: i64,
}

/// What a million tokens cost, in micro-credits.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rates {
    /// Of a prompt.
    pub input_per_million_tokens: i64,
    /// Of a reply.
    pub output_per_million_tokens: i64,
}

impl From<&WalletView> for Wallet {
    fn from(view: &WalletView) -> Self {
        let MicroCredits(worst_case) = view.worst_case;
        Self {
            balance: view.balance.0,
            available: view.available.0,
            held: view.held.0,
            currency: "microcredit",
            rates: Rates {
                input_per_million_tokens: view.rates.input_per_million_tokens.0,
                output_per_million_tokens: view.rates.output_per_million_tokens.0,
            },
            worst_case,
        }
    }
}

impl Me {
    /// Shows a key in its workspace at a moment.
    pub fn new(
        key: &ApiKey,
        workspace: &Workspace,
        wallet: Option<&WalletView>,
        now: Timestamp,
    ) -> Self {
        Self {
            workspace_id: workspace.id.to_string(),
            project_id: key.project.to_string(),
            key_id: key.id.to_string(),
            name: key.name.to_string(),
            scopes: key.scopes.iter().map(|scope| scope.as_str()).collect(),
            plan: workspace.plan.as_str(),
            limits: Limits {
                requests_per_minute: key.limits.per_minute,
                requests_per_day: key.limits.per_day,
                user_monthly_cap: workspace.limits.user_monthly_cap.map(|cap| cap.0),
                messages_per_month: workspace.plan.terms().messages_per_month,
            },
            usage: wallet.map(|wallet| MonthUsage {
                messages_this_month: wallet.messages_this_month,
                month_ends_at: time::millis(time::next_month(now)),
            }),
            wallet: wallet.map(Wallet::from),
        }
    }
}
