//! API keys, with the counters of their windows.

use std::collections::BTreeSet;

use aiva_core::callback::{Callback, Health};
use aiva_core::dialect::Dialect;
use aiva_core::error::{Error, Result};
use aiva_core::id::{ProjectId, base32};
use aiva_core::key::{ApiKey, KeyId, RequestLimits, Scope, SecretHash};
use aiva_core::text::Label;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Millis, unknown};

/// A key. `h` is the hash of its secret, `oh` that of the one before it, good until `ou`; `lm` and
/// `ld` are the limits in force, `om` and `od` the key's own; `cm` of `lm` requests were made in the
/// minute `wm`, `cd` of `ld` on the day `wd` (both counted from the epoch); `cb` is the callback as one
/// text, so that it can be compared as a whole, `fs`, `bf` and `bo` how it has been doing (failing since,
/// failures, breaker open until); `rv` says when the key was revoked, `xp` when it ends by itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::dynamo) struct KeyRow {
    id: String,
    pub(in crate::dynamo) h: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::dynamo) oh: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::dynamo) ou: Option<i64>,
    pr: ProjectId,
    nm: Label,
    sc: BTreeSet<Scope>,
    di: Dialect,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::dynamo) rv: Option<Millis>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::dynamo) xp: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    om: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    od: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::dynamo) lm: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::dynamo) ld: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cb: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fs: Option<Millis>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ms: Option<Millis>,
    #[serde(default, skip_serializing_if = "is_zero")]
    bf: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bo: Option<Millis>,
    ca: Millis,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::dynamo) wm: Option<i64>,
    #[serde(default)]
    pub(in crate::dynamo) cm: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::dynamo) wd: Option<i64>,
    #[serde(default)]
    pub(in crate::dynamo) cd: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// The hash of a secret as it is stored.
pub(in crate::dynamo) fn hash_text(hash: &SecretHash) -> String {
    base32(&hash.0)
}

/// A callback as it is stored and compared.
pub(in crate::dynamo) fn callback_text(callback: &Callback) -> Result<String> {
    serde_json::to_string(callback).map_err(Error::internal)
}

impl KeyRow {
    /// The row of a key that was never used.
    pub(in crate::dynamo) fn new(key: &ApiKey, secret: &SecretHash) -> Result<Self> {
        Ok(Self {
            id: key.id.to_string(),
            h: hash_text(secret),
            oh: None,
            ou: None,
            pr: key.project,
            nm: key.name.clone(),
            sc: key.scopes.clone(),
            di: key.dialect,
            rv: key.revoked_at.map(Millis::from),
            xp: key.expires_at.map(Timestamp::as_millisecond),
            om: key.own_limits.per_minute,
            od: key.own_limits.per_day,
            lm: key.limits.per_minute,
            ld: key.limits.per_day,
            cb: key.callback.as_ref().map(callback_text).transpose()?,
            fs: None,
            ms: None,
            bf: 0,
            bo: None,
            ca: key.created_at.into(),
            wm: None,
            cm: 0,
            wd: None,
            cd: 0,
        })
    }

    /// How the endpoint has been doing.
    pub(in crate::dynamo) fn health(&self) -> Result<Health> {
        Ok(Health {
            failing_since: self.fs.map(Millis::moment).transpose()?,
            missed_since: self.ms.map(Millis::moment).transpose()?,
            failures: self.bf,
            open_until: self.bo.map(Millis::moment).transpose()?,
        })
    }

    /// The limits set on the key itself.
    pub(in crate::dynamo) fn own_limits(&self) -> RequestLimits {
        RequestLimits { per_minute: self.om, per_day: self.od }
    }
}

impl TryFrom<KeyRow> for ApiKey {
    type Error = Error;

    fn try_from(row: KeyRow) -> Result<Self> {
        let id: KeyId = row.id.parse().map_err(Error::internal)?;
        let health = row.health()?;
        let callback = row.cb.as_deref().map(serde_json::from_str::<Callback>).transpose();
        let expires_at = row.xp.map(Timestamp::from_millisecond);
        let last_used = row.wm.map(|minute| Timestamp::from_second(minute.saturating_mul(60)));
        Ok(Self {
            id,
            project: row.pr,
            name: row.nm,
            scopes: row.sc,
            dialect: row.di,
            revoked_at: row.rv.map(Millis::moment).transpose()?,
            expires_at: expires_at.transpose().map_err(Error::internal)?,
            own_limits: RequestLimits { per_minute: row.om, per_day: row.od },
            limits: RequestLimits { per_minute: row.lm, per_day: row.ld },
            callback: callback
                .map_err(|_| unknown("callback")())?
                .map(|callback| Callback { health, ..callback }),
            created_at: row.ca.moment()?,
            last_used_at: last_used.transpose().map_err(Error::internal)?,
        })
    }
}
