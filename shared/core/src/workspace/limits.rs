//! Changing what the operator allows over, or under, the plan.

use super::change::change;
use super::{Workspace, WorkspaceLimits};
use crate::change::Change;
use crate::error::{Error, Result};
use crate::id::WorkspaceId;
use crate::money::MicroCredits;
use crate::ports::{KeyStore, WorkspaceStore};

/// Changes of limits: what is left out stays, null restores the plan's value.
#[derive(Debug, Clone, Copy, Default)]
pub struct LimitsPatch {
    /// Requests a minute for each key.
    pub requests_per_minute: Change<i64>,
    /// Requests a day for each key.
    pub requests_per_day: Change<i64>,
    /// What one end user may spend in a calendar month, in micro-credits.
    pub user_monthly_cap: Change<i64>,
}

/// Changes a workspace's limits and answers the workspace with them.
///
/// # Errors
/// [`Error::Invalid`] for a value of 0 or less, one too great, or one beyond the plan's where that may
/// not be widened.
pub async fn set_limits(
    store: &(impl WorkspaceStore + KeyStore),
    workspace: WorkspaceId,
    patch: LimitsPatch,
    may_widen: bool,
) -> Result<Workspace> {
    let of_requests = [patch.requests_per_minute, patch.requests_per_day];
    let named = of_requests.iter().any(|limit| *limit != Change::Keep);
    change(store, workspace, named, |current| {
        let limits = merged(current.limits, patch)?;
        if !may_widen {
            within_plan(current, patch, &limits)?;
        }
        Ok(Workspace { limits, ..current.clone() })
    })
    .await
}

fn merged(current: WorkspaceLimits, patch: LimitsPatch) -> Result<WorkspaceLimits> {
    let cap = |value: i64| {
        let cap = MicroCredits(value);
        if cap <= MicroCredits::ZERO || cap > MicroCredits::MAX_TOP_UP {
            return Err(Error::invalid(
                "userMonthlyCap",
                "must be a whole number of micro-credits from 1 to 10^15",
            ));
        }
        Ok(cap)
    };
    Ok(WorkspaceLimits {
        requests_per_minute: patch
            .requests_per_minute
            .apply(current.requests_per_minute, |value| requests("requestsPerMinute", value))?,
        requests_per_day: patch
            .requests_per_day
            .apply(current.requests_per_day, |value| requests("requestsPerDay", value))?,
        user_monthly_cap: patch.user_monthly_cap.apply(current.user_monthly_cap, cap)?,
    })
}

/// Only what the patch names is judged, so that what the deployment widened stays.
fn within_plan(current: &Workspace, patch: LimitsPatch, limits: &WorkspaceLimits) -> Result<()> {
    let plan = current.plan.terms().requests;
    let judge = |field, named: Change<i64>, value: Option<u32>, most: Option<u32>| match named {
        Change::Set(_) if most.is_some_and(|most| value > Some(most)) => {
            Err(Error::invalid(field, "is more than the plan allows"))
        }
        Change::Set(_) | Change::Keep | Change::Clear => Ok(()),
    };
    let a_minute = patch.requests_per_minute;
    judge("requestsPerMinute", a_minute, limits.requests_per_minute, plan.per_minute)?;
    judge("requestsPerDay", patch.requests_per_day, limits.requests_per_day, plan.per_day)
}

/// Reads a number of requests.
pub(crate) fn requests(field: &'static str, value: i64) -> Result<u32> {
    u32::try_from(value)
        .ok()
        .filter(|number| (1..=MAX_REQUESTS).contains(number))
        .ok_or_else(|| Error::invalid(field, "must be a whole number from 1 to 1,000,000,000"))
}

const MAX_REQUESTS: u32 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_leaves_null_restores_and_a_value_sets() {
        let current = WorkspaceLimits {
            requests_per_minute: Some(5),
            requests_per_day: Some(50),
            user_monthly_cap: None,
        };
        let patch = LimitsPatch {
            requests_per_minute: Change::Clear,
            requests_per_day: Change::Keep,
            user_monthly_cap: Change::Set(7),
        };
        let expected = WorkspaceLimits {
            requests_per_minute: None,
            requests_per_day: Some(50),
            user_monthly_cap: Some(MicroCredits(7)),
        };
        assert_eq!(merged(current, patch).unwrap(), expected);
    }

    #[test]
    fn nothing_below_one_is_a_limit() {
        for value in [0, -1, i64::MIN, i64::MAX] {
            let set = Change::Set(value);
            for patch in [
                LimitsPatch { requests_per_minute: set, ..LimitsPatch::default() },
                LimitsPatch { requests_per_day: set, ..LimitsPatch::default() },
                LimitsPatch { user_monthly_cap: set, ..LimitsPatch::default() },
            ] {
                assert!(merged(WorkspaceLimits::default(), patch).is_err(), "{patch:?}");
            }
        }
    }
}
