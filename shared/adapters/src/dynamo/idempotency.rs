//! Answers that are given again to the same `Idempotency-Key` header.

use aiva_core::error::{Error, Result};
use aiva_core::id::base32;
use aiva_core::idempotency::{Begun, Claim, Ending, Place};
use aiva_core::ports::IdempotencyStore;
use aws_sdk_dynamodb::types::AttributeValue;

use super::DynamoStore;
use super::item::{from_item, moment, number, text};
use super::keys;
use super::row::idempotency::ClaimRow;
use super::write::{Assignment, Change, Written};

const LOST_RACES: usize = 8;

impl IdempotencyStore for DynamoStore {
    /// One conditional update for a new key and for a claim that is taken over; a second one where the
    /// row is past its end and not deleted yet.
    async fn begin(&self, claim: &Claim) -> Result<Begun> {
        let key = keys::claim(&claim.place);
        for _ in 0..LOST_RACES {
            let row: ClaimRow = match self.update_row(key.clone(), &taking(claim)).await? {
                Written::Yes(item) => return started(from_item(item)?),
                Written::No(Some(item)) => from_item(item)?,
                // Deleted in between: it had expired.
                Written::No(None) => continue,
            };
            if row.ex.moment()? <= claim.now {
                let anew = starting(claim).when_is(("ex", Some(number(row.ex.millis()))));
                match self.update_row(key.clone(), &anew).await? {
                    Written::Yes(item) => return started(from_item(item)?),
                    Written::No(_) => continue,
                }
            }
            if row.f != base32(&claim.fingerprint.0) {
                return Ok(Begun::Reused);
            }
            return match row.an {
                Some(answer) => Ok(Begun::Replay(answer)),
                // An earlier try, whose answer was lost.
                None if row.lh == claim.holder => started(row),
                None => Ok(Begun::InFlight),
            };
        }
        Err(Error::unavailable("an idempotency key is contended"))
    }

    async fn end(&self, place: &Place, holder: &str, ending: &Ending) -> Result<()> {
        let key = keys::claim(place);
        let ours = |change: Change| change.when("#lh = :me").with("me", text(holder));
        let change = match ending {
            Ending::Answered(answer) => {
                Change::new("SET #an = :answer").with("answer", text(answer))
            }
            Ending::Released => Change::new("SET #lu = :past").with("past", number(0)),
            Ending::Forgotten => return self.delete_row(key, &ours(Change::default())).await,
        };
        // Refused means that another has taken it over.
        self.update_row(key, &ours(change)).await.map(|_| ())
    }
}

fn values(claim: &Claim) -> [(&'static str, AttributeValue); 7] {
    [
        ("f", text(base32(&claim.fingerprint.0))),
        ("lh", text(&claim.holder)),
        ("lu", moment(claim.lease_until)),
        ("sd", text(&claim.seed)),
        ("at", moment(claim.now)),
        ("ex", moment(claim.expires_at)),
        ("ttl", number(claim.expires_at.as_second())),
    ]
}

/// Takes a key that is new, or whose claim died unanswered: then seed, moment and end stay.
fn taking(claim: &Claim) -> Change {
    let kept = |name| format!("#{name} = if_not_exists(#{name}, :{name})");
    let kept = ["sd", "at", "ex", "ttl"].map(kept).join(", ");
    let change = Change::new(format!("SET #f = :f, #lh = :lh, #lu = :lu, {kept}"))
        .when(
            "(attribute_not_exists(#pk) OR \
             (#f = :f AND attribute_not_exists(#an) AND #lu <= :now AND #ex > :now))",
        )
        .with("now", moment(claim.now));
    values(claim).into_iter().fold(change, |change, (name, value)| change.with(name, value))
}

/// Starts over a row that is past its end.
fn starting(claim: &Claim) -> Change {
    let set = values(claim).map(|(name, value)| -> Assignment { (name, Some(value)) });
    Change::assigning(set.into_iter().chain([("an", None)]))
}

fn started(row: ClaimRow) -> Result<Begun> {
    Ok(Begun::Started { at: row.at.moment()?, seed: row.sd })
}
