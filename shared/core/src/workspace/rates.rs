//! Changing what tokens cost in a workspace.

use super::Workspace;
use super::change::change;
use crate::change::Change;
use crate::error::{Error, Result};
use crate::id::WorkspaceId;
use crate::money::{MicroCredits, Rates};
use crate::ports::{KeyStore, WorkspaceStore};

/// Changes of rates, in micro-credits a million tokens: what is left out stays, null restores the
/// default.
#[derive(Debug, Clone, Copy, Default)]
pub struct RatesPatch {
    /// For a million input tokens.
    pub input_per_million_tokens: Change<i64>,
    /// For a million output tokens.
    pub output_per_million_tokens: Change<i64>,
}

/// Changes a workspace's rates and answers them. Holds that are open settle by the rates they were made
/// with.
///
/// # Errors
/// [`Error::Invalid`] for a negative rate, or one too great.
pub async fn set_rates(
    store: &(impl WorkspaceStore + KeyStore),
    workspace: WorkspaceId,
    patch: RatesPatch,
) -> Result<Rates> {
    let changed = change(store, workspace, false, |current| {
        Ok(Workspace { rates: merged(current.rates, patch)?, ..current.clone() })
    });
    Ok(changed.await?.rates)
}

fn merged(current: Rates, patch: RatesPatch) -> Result<Rates> {
    let default = Rates::default();
    let input =
        patch.input_per_million_tokens.apply(Some(current.input_per_million_tokens), |value| {
            rate("inputPerMillionTokens", value)
        })?;
    let output = patch
        .output_per_million_tokens
        .apply(Some(current.output_per_million_tokens), |value| {
            rate("outputPerMillionTokens", value)
        })?;
    Ok(Rates {
        input_per_million_tokens: input.unwrap_or(default.input_per_million_tokens),
        output_per_million_tokens: output.unwrap_or(default.output_per_million_tokens),
    })
}

fn rate(field: &'static str, value: i64) -> Result<MicroCredits> {
    let rate = MicroCredits(value);
    if rate < MicroCredits::ZERO || rate > MicroCredits::MAX_TOP_UP {
        return Err(Error::invalid(
            field,
            "must be a whole number of micro-credits from 0 to 10^15",
        ));
    }
    Ok(rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_that_is_not_named_stays_and_null_restores_the_default() {
        let current = Rates {
            input_per_million_tokens: MicroCredits(1),
            output_per_million_tokens: MicroCredits(2),
        };
        let patch =
            RatesPatch { output_per_million_tokens: Change::Clear, ..RatesPatch::default() };
        let rates = merged(current, patch).unwrap();
        assert_eq!(rates.input_per_million_tokens, MicroCredits(1));
        assert_eq!(rates.output_per_million_tokens, Rates::default().output_per_million_tokens);
        let negative = RatesPatch { input_per_million_tokens: Change::Set(-1), ..patch };
        assert!(merged(current, negative).is_err());
    }
}
