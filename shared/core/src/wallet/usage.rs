//! What was used in a time, added up from the ledger.
//!
//! Nothing is counted for it while messages are answered: a charge names its key and its end user, and
//! the ledger is read by time. One answer adds up so many charges at most; a longer time comes in pages,
//! each adding up its part.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{LedgerEntry, shard_count};
use crate::error::{Error, Result};
use crate::money::MicroCredits;
use crate::page::{Limit, Page};
use crate::ports::WalletStore;
use crate::time;
use crate::workspace::Workspace;

/// What usage is added up by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UsageBy {
    /// The day (UTC).
    Day,
    /// The end user.
    User,
    /// The API key.
    Key,
}

impl UsageBy {
    /// The way with this name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Day, Self::User, Self::Key].into_iter().find(|by| by.as_str() == text)
    }

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::User => "user",
            Self::Key => "key",
        }
    }
}

/// A time of at most 92 days, from its first moment to before its last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// The first moment.
    pub from: Timestamp,
    /// The moment after the last.
    pub to: Timestamp,
}

impl Period {
    /// The longest, in days.
    pub const MAX_DAYS: i64 = 92;
    const DEFAULT_DAYS: i64 = 30;

    /// Reads a period: moments (RFC 3339) or days (`2026-07-02`, the last one included). Without an end
    /// it ends now, without a beginning it has 30 days.
    ///
    /// # Errors
    /// [`Error::Invalid`] for what is no moment, a beginning after the end, or more than 92 days.
    pub fn parse(from: Option<&str>, to: Option<&str>, now: Timestamp) -> Result<Self> {
        let days = |days: i64| SignedDuration::from_hours(24 * days);
        let to = match to {
            // What is charged at this very moment belongs to it.
            None => now.checked_add(SignedDuration::from_millis(1)).unwrap_or(now),
            Some(text) => moment("to", text, days(1))?,
        };
        let from = match from {
            None => to.checked_sub(days(Self::DEFAULT_DAYS)).unwrap_or(Timestamp::MIN),
            Some(text) => moment("from", text, SignedDuration::ZERO)?,
        };
        if from >= to {
            return Err(Error::invalid("from", "must be before to"));
        }
        if to.duration_since(from) > days(Self::MAX_DAYS) {
            return Err(Error::invalid("from", "must be at most 92 days before to"));
        }
        Ok(Self { from, to })
    }
}

/// A moment, or the beginning of a day and so much more.
fn moment(field: &'static str, text: &str, more: SignedDuration) -> Result<Timestamp> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(moment);
    }
    let day = format!("{text}T00:00:00Z").parse::<Timestamp>();
    day.ok()
        .and_then(|day| day.checked_add(more).ok())
        .ok_or_else(|| Error::invalid(field, "must be a day such as 2026-07-02, or a moment"))
}

/// What belongs together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageBucket {
    /// The day, the end user or the key; `None` where no end user was named.
    pub of: Option<String>,
    /// Replies that were charged.
    pub messages: u64,
    /// Tokens of the prompts.
    pub input_tokens: u64,
    /// Tokens of the replies.
    pub output_tokens: u64,
    /// What they cost.
    pub cost: MicroCredits,
}

/// Charges read at a time, and at most for one answer.
const BATCH: u16 = 1_000;
const MAX_BATCHES: usize = 20;

/// Adds up what a workspace used, going on from a position that an earlier answer gave: days newest
/// first, the others by cost. What is added up for one position may have more under the next.
///
/// # Errors
/// When the store fails.
pub async fn usage(
    store: &impl WalletStore,
    workspace: &Workspace,
    by: UsageBy,
    period: Period,
    position: Option<String>,
) -> Result<Page<UsageBucket>> {
    let shards = shard_count(workspace.wallet_shards);
    let mut buckets: BTreeMap<Option<String>, UsageBucket> = BTreeMap::new();
    let mut position = position;
    for _ in 0..MAX_BATCHES {
        let from = (period, position.as_deref());
        let page = store.charges(workspace.id, shards, from, Limit::of(BATCH)).await?;
        for entry in &page.items {
            add(&mut buckets, by, entry);
        }
        position = page.next;
        if position.is_none() {
            break;
        }
    }
    let mut items: Vec<UsageBucket> = buckets.into_values().collect();
    match by {
        UsageBy::Day => items.reverse(),
        UsageBy::User | UsageBy::Key => items.sort_by_key(|bucket| std::cmp::Reverse(bucket.cost)),
    }
    Ok(Page { items, next: position })
}

fn add(buckets: &mut BTreeMap<Option<String>, UsageBucket>, by: UsageBy, entry: &LedgerEntry) {
    let of = match by {
        UsageBy::Day => time::millis(entry.created_at).get(..10).map(str::to_owned),
        UsageBy::User => entry.user.as_ref().map(ToString::to_string),
        UsageBy::Key => entry.key.map(|key| key.to_string()),
    };
    let bucket = buckets.entry(of.clone()).or_insert(UsageBucket {
        of,
        messages: 0,
        input_tokens: 0,
        output_tokens: 0,
        cost: MicroCredits::ZERO,
    });
    bucket.messages += 1;
    bucket.cost = bucket.cost.saturating_sub(entry.amount);
    if let Some(usage) = entry.usage {
        bucket.input_tokens = bucket.input_tokens.saturating_add(usage.input_tokens);
        bucket.output_tokens = bucket.output_tokens.saturating_add(usage.output_tokens);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_has_at_most_ninety_two_days_and_its_last_day_is_in_it() {
        let now: Timestamp = "2026-07-02T10:30:00Z".parse().unwrap();
        let read = |from, to| Period::parse(from, to, now);
        let default = read(None, None).unwrap();
        let expected = ["2026-06-02T10:30:00.001Z", "2026-07-02T10:30:00.001Z"];
        assert_eq!([default.from, default.to].map(time::millis), expected);
        let day = read(Some("2026-07-01"), Some("2026-07-01")).unwrap();
        assert_eq!(day.to, "2026-07-02T00:00:00Z".parse().unwrap());
        assert!(read(Some("2026-04-01"), Some("2026-07-01")).is_ok());
        assert!(read(Some("2026-03-31"), Some("2026-07-01")).is_err());
        assert!(read(Some("2026-07-02T10:31:00Z"), None).is_err());
        for bad in ["", "yesterday", "2026-13-01", "2026"] {
            assert!(read(Some(bad), None).is_err(), "{bad:?}");
        }
    }
}
