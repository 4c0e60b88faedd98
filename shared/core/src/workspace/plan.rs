//! The plans, in one table (contract in detail, "Plans and limits").

use serde::{Deserialize, Serialize};

use crate::key::RequestLimits;
use crate::money::MicroCredits;

/// What a workspace pays for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Plan {
    /// For trying out.
    Free,
    /// For a small shop.
    Starter,
    /// For a shop; the same as [`Plan::Growth`] under another vendor's name.
    Standard,
    /// For a shop.
    Growth,
    /// For a large shop.
    Pro,
    /// By agreement.
    #[default]
    Enterprise,
}

/// What a plan allows; `None` is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanTerms {
    /// Messages that are answered in a calendar month (UTC).
    pub messages_per_month: Option<u32>,
    /// Requests that each key may make.
    pub requests: RequestLimits,
    /// Characters of knowledge that are added in a day (UTC).
    pub characters_per_day: Option<u32>,
    /// Rows of an uploaded table that are read.
    pub rows_per_upload: u32,
    /// Credit that comes with each calendar month.
    pub monthly_credit: MicroCredits,
}

impl Plan {
    /// Every plan.
    pub const ALL: [Self; 6] =
        [Self::Free, Self::Starter, Self::Standard, Self::Growth, Self::Pro, Self::Enterprise];

    /// The plan's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Starter => "starter",
            Self::Standard => "standard",
            Self::Growth => "growth",
            Self::Pro => "pro",
            Self::Enterprise => "enterprise",
        }
    }

    /// The plan with this name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|plan| plan.as_str() == text)
    }

    /// Its terms. Where several apply to one act, the narrowest decides.
    pub const fn terms(self) -> PlanTerms {
        let (messages, a_minute, a_day, characters, rows, credits) = match self {
            Self::Free => (Some(100), 20, Some(1_000), Some(20_000), 100, 0),
            Self::Starter => (Some(2_500), 60, Some(10_000), Some(100_000), 500, 500),
            Self::Standard | Self::Growth => {
                (Some(15_000), 60, Some(10_000), Some(500_000), 2_000, 2_500)
            }
            Self::Pro => (Some(50_000), 120, Some(50_000), Some(2_000_000), 10_000, 10_000),
            Self::Enterprise => (None, 600, None, None, 10_000, 0),
        };
        PlanTerms {
            messages_per_month: messages,
            requests: RequestLimits { per_minute: Some(a_minute), per_day: a_day },
            characters_per_day: characters,
            rows_per_upload: rows,
            monthly_credit: MicroCredits::of_credits(credits),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_plan_is_found_by_its_name_and_grows_with_it() {
        for plan in Plan::ALL {
            assert_eq!(Plan::parse(plan.as_str()), Some(plan));
        }
        assert_eq!(Plan::parse("gold"), None);
        let messages = Plan::ALL.map(|plan| plan.terms().messages_per_month.unwrap_or(u32::MAX));
        assert!(messages.is_sorted(), "{messages:?}");
    }

    /// The contract's table: messages a month, requests a minute and a day, characters a day, rows.
    #[test]
    fn the_plans_are_those_of_the_contract() {
        for (name, messages, a_minute, a_day, characters, rows) in [
            ("free", Some(100), 20, Some(1_000), Some(20_000), 100),
            ("starter", Some(2_500), 60, Some(10_000), Some(100_000), 500),
            ("standard", Some(15_000), 60, Some(10_000), Some(500_000), 2_000),
            ("growth", Some(15_000), 60, Some(10_000), Some(500_000), 2_000),
            ("pro", Some(50_000), 120, Some(50_000), Some(2_000_000), 10_000),
            ("enterprise", None, 600, None, None, 10_000),
        ] {
            let terms = Plan::parse(name).unwrap().terms();
            let requests = RequestLimits { per_minute: Some(a_minute), per_day: a_day };
            assert_eq!((terms.messages_per_month, terms.requests), (messages, requests), "{name}");
            assert_eq!(
                (terms.characters_per_day, terms.rows_per_upload),
                (characters, rows),
                "{name}"
            );
        }
    }

    #[test]
    fn every_plan_with_a_quota_has_a_share_of_it_for_every_shard_of_the_widest_wallet() {
        for plan in Plan::ALL {
            let quota = plan.terms().messages_per_month;
            assert!(quota.is_none_or(|quota| quota >= u32::from(crate::wallet::MAX_SHARDS)));
        }
    }
}
