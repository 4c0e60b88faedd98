//! Shards of a wallet and rows of its ledger.

use aiva_core::error::{Error, Result};
use aiva_core::id::{LedgerEntryId, MessageId};
use aiva_core::money::MicroCredits;
use aiva_core::text::ExternalId;
use aiva_core::wallet::{LedgerEntry, LedgerKind, Shard, Usage, UsageSource};
use serde::{Deserialize, Serialize};

use super::Millis;

/// A shard: `b` is its balance, `a` what is available. The months of messages beside them are the
/// submit's and the settlement's.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(in crate::dynamo) struct ShardRow {
    b: MicroCredits,
    a: MicroCredits,
}

impl ShardRow {
    /// The shard with this index.
    pub(in crate::dynamo) fn indexed(self, index: u8, messages: i64) -> Shard {
        Shard { index, balance: self.b, available: self.a, messages }
    }
}

/// A row of the ledger: `k` is its kind, `a` the signed amount, `m` the message, `i`, `o` and `us` the
/// tokens and who counted
/// them, `ky` the key and `u` the end user.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::dynamo) struct LedgerRow {
    id: LedgerEntryId,
    k: LedgerKind,
    a: MicroCredits,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    m: Option<MessageId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    i: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    o: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    us: Option<UsageSource>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ky: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    u: Option<ExternalId>,
    ca: Millis,
}

impl From<&LedgerEntry> for LedgerRow {
    fn from(entry: &LedgerEntry) -> Self {
        Self {
            id: entry.id,
            k: entry.kind,
            a: entry.amount,
            m: entry.message,
            i: entry.usage.map(|usage| usage.input_tokens),
            o: entry.usage.map(|usage| usage.output_tokens),
            us: entry.usage.map(|usage| usage.source),
            ky: entry.key.map(|key| key.to_string()),
            u: entry.user.clone(),
            ca: entry.created_at.into(),
        }
    }
}

impl TryFrom<LedgerRow> for LedgerEntry {
    type Error = Error;

    fn try_from(row: LedgerRow) -> Result<Self> {
        let usage = match (row.i, row.o, row.us) {
            (Some(input_tokens), Some(output_tokens), Some(source)) => {
                Some(Usage { input_tokens, output_tokens, source })
            }
            _ => None,
        };
        let key = row.ky.as_deref().map(str::parse);
        Ok(Self {
            id: row.id,
            kind: row.k,
            amount: row.a,
            message: row.m,
            usage,
            key: key.transpose().map_err(Error::internal)?,
            user: row.u,
            created_at: row.ca.moment()?,
        })
    }
}
