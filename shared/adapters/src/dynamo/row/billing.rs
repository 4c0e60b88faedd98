//! Payments, and the rules of wallets.

use aiva_core::error::Result;
use aiva_core::id::{PaymentId, WorkspaceId};
use aiva_core::money::MicroCredits;
use aiva_core::payment::{Payment, PaymentMethod, PaymentStatus, Price, Provider};
use aiva_core::recharge::{Recharge, RechargeRules, RechargeState};
use serde::{Deserialize, Serialize};

use super::Millis;

/// A payment: `a` the credit, `pr` the price, `by` the provider, `rf` its name there, `re` why it failed,
/// `mo` the month, `n` how often the provider was asked, `da` when it was decided.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::dynamo) struct PaymentRow {
    a: MicroCredits,
    pr: Price,
    by: Provider,
    st: PaymentStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rf: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    re: Option<String>,
    mo: u32,
    #[serde(default)]
    n: u32,
    ca: Millis,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    da: Option<Millis>,
}

impl From<&Payment> for PaymentRow {
    fn from(payment: &Payment) -> Self {
        Self {
            a: payment.amount,
            pr: payment.price.clone(),
            by: payment.provider,
            st: payment.status,
            rf: payment.reference.clone(),
            re: payment.reason.clone(),
            mo: payment.month,
            n: payment.tries,
            ca: payment.created_at.into(),
            da: payment.decided_at.map(Millis::from),
        }
    }
}

impl PaymentRow {
    /// The payment of this name.
    pub(in crate::dynamo) fn named(self, workspace: WorkspaceId, id: PaymentId) -> Result<Payment> {
        Ok(Payment {
            id,
            workspace,
            amount: self.a,
            price: self.pr,
            provider: self.by,
            status: self.st,
            reference: self.rf,
            reason: self.re,
            month: self.mo,
            tries: self.n,
            created_at: self.ca.moment()?,
            decided_at: self.da.map(Millis::moment).transpose()?,
        })
    }
}

/// The rules of a wallet: `r` when it is recharged, `lb` under how much the owner is told, `me` the
/// payment method, `v` the version; what has been done: `op` the payment on its way, `fa` whether the
/// last one failed, `mo` and `sp` the month and what was started in it, `to` what was taken off that, `mt` the month of whose maximum
/// the owner was told, `lo` and `lc` whether and how often of low credit, `se` what was available, `i`
/// the looks without a change.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::dynamo) struct RechargeRow {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    r: Option<RulesRow>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lb: Option<MicroCredits>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    me: Option<PaymentMethod>,
    v: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    op: Option<PaymentId>,
    fa: bool,
    mo: u32,
    sp: MicroCredits,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    to: Vec<PaymentId>,
    mt: u32,
    lo: bool,
    lc: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    se: Option<MicroCredits>,
    i: u32,
}

/// When a wallet is recharged: enabled, threshold, amount, monthly maximum.
#[derive(Debug, Serialize, Deserialize)]
struct RulesRow {
    e: bool,
    t: MicroCredits,
    a: MicroCredits,
    m: MicroCredits,
}

impl From<&Recharge> for RechargeRow {
    fn from(recharge: &Recharge) -> Self {
        let state = &recharge.state;
        Self {
            r: recharge.rules.map(|rules| RulesRow {
                e: rules.enabled,
                t: rules.threshold,
                a: rules.amount,
                m: rules.monthly_maximum,
            }),
            lb: recharge.low_balance,
            me: recharge.method.clone(),
            v: recharge.version,
            op: state.open,
            fa: state.failed,
            mo: state.month,
            sp: state.started,
            to: state.taken_off.clone(),
            mt: state.maximum_told,
            lo: state.told,
            lc: state.crossings,
            se: state.seen,
            i: state.idle,
        }
    }
}

impl RechargeRow {
    /// The rules of this workspace's wallet.
    pub(in crate::dynamo) fn of(self, workspace: WorkspaceId) -> Recharge {
        Recharge {
            workspace,
            rules: self.r.map(|row| RechargeRules {
                enabled: row.e,
                threshold: row.t,
                amount: row.a,
                monthly_maximum: row.m,
            }),
            low_balance: self.lb,
            method: self.me,
            state: RechargeState {
                open: self.op,
                failed: self.fa,
                month: self.mo,
                started: self.sp,
                taken_off: self.to,
                maximum_told: self.mt,
                told: self.lo,
                crossings: self.lc,
                seen: self.se,
                idle: self.i,
            },
            version: self.v,
        }
    }
}
