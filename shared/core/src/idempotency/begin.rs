//! Claiming an idempotency key, or finding what it was answered.

use std::time::Duration;

use data_encoding::BASE64;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use super::{Begun, Claim, Keeping, Place, Seeded};
use crate::app::App;
use crate::error::{Conflict, Error, Result};
use crate::id::WorkspaceId;
use crate::message::Fingerprint;
use crate::ports::{Clock, Entropy, IdempotencyStore, Ports, Vault};

/// A request under an idempotency key.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// The key and where it counts.
    pub place: Place,
    /// What tells this request from another, e.g. method, path and body.
    pub parts: &'a [&'a [u8]],
    /// How seed and answer are kept.
    pub keeping: Keeping,
}

/// What to do about a request.
#[derive(Debug)]
pub enum Attempt {
    /// Work on it with this clock and this randomness, then tell [`super::end_answered`] or
    /// [`super::end_failed`].
    Work {
        /// What the claim is ended by.
        holder: String,
        /// The clock and the randomness.
        env: Seeded,
    },
    /// Give this answer again.
    Replay(SecretString),
}

/// Longer than any request takes.
const LEASE: Duration = Duration::from_secs(60);
const KEPT: Duration = Duration::from_secs(24 * 3_600);

/// Claims the key of a request.
///
/// # Errors
/// [`Error::Conflict`] when the key was used for another request, or this one is being worked on.
pub async fn begin<P: Ports>(app: &App<P>, request: &Request<'_>) -> Result<Attempt> {
    let now = app.now();
    let workspace = request.place.workspace;
    let holder = random_text(app);
    let seed = random_text(app).into();
    let seed = request.keeping.write(&app.vault, workspace, &seed).await?;
    let claim = Claim {
        place: request.place.clone(),
        fingerprint: fingerprint(request.parts),
        holder: holder.clone(),
        seed,
        now,
        lease_until: now + LEASE,
        expires_at: now + KEPT,
    };
    match app.store.begin(&claim).await? {
        Begun::Started { seed, at } => {
            let again = seed != claim.seed;
            let opened = request.keeping.read(&app.vault, workspace, &seed).await?;
            let seed = Sha256::digest(opened.expose_secret().as_bytes()).into();
            Ok(Attempt::Work { holder, env: Seeded::new(at, seed).begun_before(again) })
        }
        Begun::Replay(answer) => {
            let answer = request.keeping.read(&app.vault, workspace, &answer).await?;
            Ok(Attempt::Replay(answer))
        }
        Begun::Reused => Err(Error::Conflict(Conflict::IdempotencyKeyReused)),
        Begun::InFlight => {
            Err(Error::conflict("a request with this idempotency key is being worked on"))
        }
    }
}

impl Keeping {
    /// Writes a text down.
    pub(super) async fn write(
        self,
        vault: &impl Vault,
        workspace: WorkspaceId,
        text: &SecretString,
    ) -> Result<String> {
        match self {
            Self::Sealed => vault.seal(workspace, text).await,
            Self::Open => Ok(text.expose_secret().to_owned()),
        }
    }

    /// Reads what was written down.
    async fn read(
        self,
        vault: &impl Vault,
        workspace: WorkspaceId,
        kept: &str,
    ) -> Result<SecretString> {
        match self {
            Self::Sealed => vault.open(workspace, kept).await,
            Self::Open => Ok(kept.into()),
        }
    }
}

fn random_text(entropy: &impl Entropy) -> String {
    let mut bytes = [0_u8; 32];
    entropy.fill(&mut bytes);
    BASE64.encode(&bytes)
}

fn fingerprint(parts: &[&[u8]]) -> Fingerprint {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
        hash.update(part);
    }
    Fingerprint(hash.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_border_between_parts_counts() {
        assert_ne!(fingerprint(&[b"ab", b"c"]), fingerprint(&[b"a", b"bc"]));
        assert_eq!(fingerprint(&[b"ab", b"c"]), fingerprint(&[b"ab", b"c"]));
    }
}
