//! Who of a workspace's operators calls.

use subtle::ConstantTimeEq;

use super::{Operator, OperatorToken};
use crate::error::{Error, Result};
use crate::ports::OperatorStore;

/// Finds the operator whose token it is.
///
/// # Errors
/// [`Error::Unauthenticated`] for an unknown, wrong or revoked token: the same answer for all three.
pub async fn authenticate(store: &impl OperatorStore, token: &OperatorToken) -> Result<Operator> {
    let known = store.operator(token.id).await?;
    let (operator, hash) = known.ok_or(Error::Unauthenticated)?;
    let right: bool = hash.0.ct_eq(&token.hash().0).into();
    if right && operator.revoked_at.is_none() { Ok(operator) } else { Err(Error::Unauthenticated) }
}
