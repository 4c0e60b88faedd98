//! Money in whole micro-credits (1 credit = 1,000,000); no floats anywhere.

use std::fmt;
use std::iter::Sum;

use serde::{Deserialize, Serialize};

/// An amount of micro-credits, signed.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct MicroCredits(pub i64);

impl MicroCredits {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The largest amount that one top-up may bring: 10^15 micro-credits.
    pub const MAX_TOP_UP: Self = Self(1_000_000_000_000_000);

    /// Whole credits.
    pub const fn of_credits(credits: u32) -> Self {
        Self(credits as i64 * 1_000_000)
    }

    /// Adds; `None` on overflow.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// Subtracts; `None` on overflow.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// Adds, stopping at the largest amount.
    #[must_use]
    pub fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// Subtracts, stopping at the smallest amount.
    #[must_use]
    pub fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// Whole credits, a part of one counted as one: for dialects that show no smaller unit.
    pub const fn credits_up(self) -> i64 {
        self.0.div_euclid(1_000_000) + (self.0.rem_euclid(1_000_000) > 0) as i64
    }

    /// Whole credits, a part of one left out.
    pub const fn credits_down(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// The amount with its sign turned.
    #[must_use]
    pub fn negated(self) -> Self {
        Self(self.0.saturating_neg())
    }
}

impl fmt::Display for MicroCredits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Sum for MicroCredits {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Self::saturating_add)
    }
}

/// What a million tokens cost, in micro-credits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rates {
    /// Micro-credits for a million input tokens.
    pub input_per_million_tokens: MicroCredits,
    /// Micro-credits for a million output tokens.
    pub output_per_million_tokens: MicroCredits,
}

impl Default for Rates {
    /// 1,000 credits a million input tokens, 5,000 a million output tokens.
    fn default() -> Self {
        Self {
            input_per_million_tokens: MicroCredits(1_000_000_000),
            output_per_million_tokens: MicroCredits(5_000_000_000),
        }
    }
}

impl Rates {
    /// The charge for a number of tokens: one ceiling over the sum of both kinds.
    pub fn charge(&self, input_tokens: u64, output_tokens: u64) -> MicroCredits {
        let part = |tokens: u64, rate: MicroCredits| i128::from(tokens) * i128::from(rate.0.max(0));
        let sum = part(input_tokens, self.input_per_million_tokens)
            + part(output_tokens, self.output_per_million_tokens);
        let whole = (sum + 999_999) / 1_000_000;
        MicroCredits(i64::try_from(whole).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_charge_is_rounded_up_once_over_the_sum() {
        let rates = Rates {
            input_per_million_tokens: MicroCredits(1),
            output_per_million_tokens: MicroCredits(1),
        };
        assert_eq!(rates.charge(1, 1), MicroCredits(1));
        assert_eq!(rates.charge(500_000, 500_001), MicroCredits(2));
        assert_eq!(Rates::default().charge(10, 2), MicroCredits(20_000));
        assert_eq!(Rates::default().charge(0, 0), MicroCredits::ZERO);
    }

    #[test]
    fn whole_credits_are_rounded_against_the_owner() {
        let shown = |micro| (MicroCredits(micro).credits_up(), MicroCredits(micro).credits_down());
        assert_eq!(shown(0), (0, 0));
        assert_eq!(shown(1), (1, 0));
        assert_eq!(shown(1_000_000), (1, 1));
        assert_eq!(shown(1_000_001), (2, 1));
        assert_eq!(shown(i64::MAX), (9_223_372_036_855, 9_223_372_036_854));
    }

    #[test]
    fn an_absurd_number_of_tokens_saturates_rather_than_wraps() {
        assert_eq!(Rates::default().charge(u64::MAX, u64::MAX), MicroCredits(i64::MAX));
    }
}
