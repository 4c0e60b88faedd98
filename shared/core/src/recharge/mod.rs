//! The watch over a wallet: auto-recharge, and the word to the owner that credit runs low.
//!
//! Messages do not look at it, so that it costs them nothing. A wallet with a rule has a row that is due
//! again and again; the sweep compares what is available with the rules. What follows (a payment, a
//! mail) is stored in one step with the row's new state, by compare-and-set on its version: of two sweeps
//! one decides, and one crossing starts one payment.

use jiff::Timestamp;

use crate::error::{Error, Result};
use crate::id::{PaymentId, WorkspaceId};
use crate::money::MicroCredits;
use crate::notice::Notice;
use crate::payment::{Payment, PaymentMethod};

mod check;
mod judge;
mod set;

pub use check::{check, payment_ended, wake};
pub use judge::{Verdict, judge};
pub use set::{find, set_low_balance, set_method, set_rules};

/// When to recharge a wallet by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RechargeRules {
    /// Whether to do it.
    pub enabled: bool,
    /// When less than this is available.
    pub threshold: MicroCredits,
    /// With how much.
    pub amount: MicroCredits,
    /// How much in a calendar month (UTC) at most.
    pub monthly_maximum: MicroCredits,
}

impl RechargeRules {
    /// Reads rules as the owner wrote them.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every field that breaks its rule.
    pub fn parse(enabled: bool, threshold: i64, amount: i64, monthly_maximum: i64) -> Result<Self> {
        let mut problems = Vec::new();
        for (field, value) in
            [("threshold", threshold), ("amount", amount), ("monthlyMaximum", monthly_maximum)]
        {
            if !(1..=MicroCredits::MAX_TOP_UP.0).contains(&value) {
                let problem = "must be a whole number of micro-credits from 1 to 10^15";
                problems.push(crate::error::Problem::new(field, problem));
            }
        }
        if problems.is_empty() && monthly_maximum < amount {
            let problem = "must be at least the amount";
            problems.push(crate::error::Problem::new("monthlyMaximum", problem));
        }
        if !problems.is_empty() {
            return Err(Error::Invalid(problems));
        }
        let [threshold, amount, monthly_maximum] =
            [threshold, amount, monthly_maximum].map(MicroCredits);
        Ok(Self { enabled, threshold, amount, monthly_maximum })
    }
}

/// The rules of one wallet, and what has been done about them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recharge {
    /// Whose wallet.
    pub workspace: WorkspaceId,
    /// When to recharge it.
    pub rules: Option<RechargeRules>,
    /// Under how much the owner is told.
    pub low_balance: Option<MicroCredits>,
    /// What it is paid with.
    pub method: Option<PaymentMethod>,
    /// What has been done.
    pub state: RechargeState,
    /// Counts the changes of this row; 0 is not stored yet.
    pub version: u64,
}

impl Recharge {
    /// The wallet of a workspace without any rule.
    pub fn none(workspace: WorkspaceId) -> Self {
        Self {
            workspace,
            rules: None,
            low_balance: None,
            method: None,
            state: RechargeState::default(),
            version: 0,
        }
    }

    /// Whether anything is to be watched.
    pub fn is_watched(&self) -> bool {
        self.low_balance.is_some() || self.rules.is_some_and(|rules| rules.enabled)
    }
}

/// What has been done about the rules.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RechargeState {
    /// The payment that is on its way; there is at most one.
    pub open: Option<PaymentId>,
    /// The last payment failed: none is started until the wallet is above the threshold again, or the
    /// rules are set anew.
    pub failed: bool,
    /// The calendar month (UTC) that `started` counts, as `yyyymm`.
    pub month: u32,
    /// What was started in that month, less what failed.
    pub started: MicroCredits,
    /// The payments that were taken off it because they failed: one whose money arrives after all is put
    /// back.
    pub taken_off: Vec<PaymentId>,
    /// The month in which the owner was told that the maximum is reached.
    pub maximum_told: u32,
    /// Whether the owner was told that credit runs low, and it was not topped up since.
    pub told: bool,
    /// How often credit ran low.
    pub crossings: u32,
    /// What was available at the last look.
    pub seen: Option<MicroCredits>,
    /// Looks in a row at which nothing had moved.
    pub idle: u32,
}

/// A new state of the row, with what follows from it, all of it or nothing.
#[derive(Debug, Clone)]
pub struct RechargeAdvance {
    /// The row as it shall be; its version is one more than was read.
    pub after: Recharge,
    /// When it is looked at again, if it is watched.
    pub due: Option<Timestamp>,
    /// A payment that is started.
    pub payment: Option<Payment>,
    /// Mails that are owed.
    pub notices: Vec<Notice>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_name_every_field_that_is_wrong_and_the_maximum_holds_one_amount() {
        let fields = |rules: Result<RechargeRules>| match rules {
            Err(Error::Invalid(problems)) => {
                problems.iter().map(|problem| problem.field.clone().into_owned()).collect()
            }
            _ => Vec::<String>::new(),
        };
        let all = ["threshold", "amount", "monthlyMaximum"];
        assert_eq!(fields(RechargeRules::parse(true, 0, -1, i64::MAX)), all);
        assert_eq!(fields(RechargeRules::parse(true, 1, 10, 9)), ["monthlyMaximum"]);
        assert!(RechargeRules::parse(false, 1, 10, 10).is_ok());
    }
}
