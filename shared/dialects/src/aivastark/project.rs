//! The project in the path.

use aiva_core::error::Error;
use aiva_core::key::Caller;
use aiva_core::ports::Ports;

use crate::http::{Call, Edge, Failure};

/// Checks the key, and that the path names the project it works in; `default` does. Any other project
/// is not there, whosever it is.
pub(super) async fn enter<P: Ports>(edge: &Edge<P>, call: &Call) -> Result<Caller, Failure> {
    let caller = call.authenticate(edge).await?;
    expect_own(call, &caller)?;
    Ok(caller)
}

/// Checks that the path names the project of a caller whose key was found to be right.
pub(super) fn expect_own(call: &Call, caller: &Caller) -> Result<(), Error> {
    let named = call.param("project_id");
    let own = named == "default" || named.parse() == Ok(caller.key.project);
    own.then_some(()).ok_or(Error::NotFound)
}
