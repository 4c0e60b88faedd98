//! Looking, when a URL is saved, at where its name leads. Every connect looks again.

use std::net::IpAddr;

use super::{CallbackUrl, EgressPolicy, RefusedKind, UrlProblem, Verdict, verdict};
use crate::ports::Names;

/// Parses a URL as its owner wrote it and refuses one whose name leads to any address that is not
/// public. A name that does not resolve yet passes: it may be registered later.
///
/// # Errors
/// The [`UrlProblem`], in words for the owner.
pub async fn vet(
    names: &impl Names,
    text: &str,
    policy: &EgressPolicy,
) -> Result<CallbackUrl, UrlProblem> {
    let url = CallbackUrl::parse(text, policy)?;
    // The loopback of the local deployment is judged by its spelling alone.
    if url.literal().is_none() && url.host() != "localhost" {
        for address in names.addresses(url.host()).await {
            judge(address)?;
        }
    }
    Ok(url)
}

fn judge(address: IpAddr) -> Result<(), UrlProblem> {
    match verdict(address) {
        Verdict::Public => Ok(()),
        Verdict::Loopback => Err(UrlProblem::ResolvesTo(RefusedKind::Loopback)),
        Verdict::Refused(kind) => Err(UrlProblem::ResolvesTo(kind)),
    }
}
