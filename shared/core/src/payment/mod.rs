//! Payments: money that comes in for credit, each decided once and credited once.
//!
//! A payment is stored before anybody is asked for money. Its provider is asked under the payment's own
//! id, so that asking again is the same payment. Whoever learns first that it succeeded (the answer, the
//! provider's webhook, the sweep, an operator) decides it by one conditional write; the credit follows
//! under a key of the payment's own, and the payment stays owed until it is in the wallet.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::{PaymentId, WorkspaceId};
use crate::money::MicroCredits;

mod collect;
mod decide;
mod event;
mod signature;

pub use collect::{collect, collect_due};
pub use decide::{confirm, fail};
pub use event::hear;
pub use signature::{BadSignature, verify};

/// One payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// The payment; providers know it by this id.
    pub id: PaymentId,
    /// Whose wallet it is for.
    pub workspace: WorkspaceId,
    /// The credit that it buys.
    pub amount: MicroCredits,
    /// What it costs.
    pub price: Price,
    /// Who collects it.
    pub provider: Provider,
    /// How it stands.
    pub status: PaymentStatus,
    /// The provider's own name for it, once known.
    pub reference: Option<String>,
    /// Why it failed, in words for the owner.
    pub reason: Option<String>,
    /// The calendar month (UTC) it counts to, as `yyyymm`.
    pub month: u32,
    /// How often its provider was asked.
    pub tries: u32,
    /// When it was started.
    pub created_at: Timestamp,
    /// When it was decided.
    pub decided_at: Option<Timestamp>,
}

/// An amount of money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// In the currency's smallest unit.
    pub minor_units: u64,
    /// The currency, in lower case.
    pub currency: String,
}

/// Who collects a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// People: the owner is asked, and an operator confirms.
    #[default]
    Manual,
    /// Stripe, from a payment method on file.
    Stripe,
}

impl Provider {
    /// The provider on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Stripe => "stripe",
        }
    }
}

/// How a payment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PaymentStatus {
    /// Nobody knows yet.
    Pending,
    /// The money is there: final.
    Succeeded,
    /// It is not. Word from the provider that it came after all still counts.
    Failed,
}

impl PaymentStatus {
    /// The status on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }
}

/// What a workspace pays with; the provider's own names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentMethod {
    /// The customer.
    pub customer: String,
    /// The payment method on file.
    pub method: String,
}

/// A payment to collect.
#[derive(Debug, Clone)]
pub struct PaymentOrder {
    /// The payment.
    pub payment: Payment,
    /// What the workspace pays with.
    pub method: Option<PaymentMethod>,
}

/// What came of asking a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Collected {
    /// The money is there.
    Succeeded {
        /// The provider's name for it.
        reference: String,
    },
    /// It is on its way.
    Pending {
        /// The provider's name for it.
        reference: String,
    },
    /// It will not come.
    Failed {
        /// The provider's name for it, if it has one.
        reference: Option<String>,
        /// Why, in words for the owner.
        reason: String,
    },
}

/// How a payment is decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The money is there.
    Succeeded,
    /// It will not come, for the reason given.
    Failed(String),
}

/// Settings of one deployment.
#[derive(Debug, Clone)]
pub struct PaymentSettings {
    /// Who collects.
    pub provider: Provider,
    /// The currency, in lower case.
    pub currency: String,
    /// How much credit one smallest unit of the currency buys.
    pub microcredits_per_minor_unit: u32,
}

impl Default for PaymentSettings {
    /// By people; a cent buys a credit.
    fn default() -> Self {
        Self {
            provider: Provider::Manual,
            currency: "usd".to_owned(),
            microcredits_per_minor_unit: 1_000_000,
        }
    }
}

impl PaymentSettings {
    /// What so much credit costs, rounded up to the smallest unit.
    pub fn price(&self, amount: MicroCredits) -> Price {
        let amount = u64::try_from(amount.0).unwrap_or(0);
        let minor_units = amount.div_ceil(u64::from(self.microcredits_per_minor_unit.max(1)));
        Price { minor_units, currency: self.currency.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_rounded_up_to_the_smallest_unit() {
        let settings = PaymentSettings::default();
        let units = |micro| settings.price(MicroCredits(micro)).minor_units;
        assert_eq!([0, 1, 1_000_000, 1_000_001].map(units), [0, 1, 1, 2]);
    }
}
