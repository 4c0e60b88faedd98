//! Operators of workspaces.

use aiva_core::error::Result;
use aiva_core::id::base32_decode;
use aiva_core::key::SecretHash;
use aiva_core::operator::{Operator, OperatorId, Role};
use aiva_core::text::Label;
use serde::{Deserialize, Serialize};

use super::key::hash_text;
use super::{Millis, unknown};

/// An operator: `h` is the hash of the token's secret, `ro` the role, `rv` says when it was revoked.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::dynamo) struct OperatorRow {
    h: String,
    nm: Label,
    em: String,
    ro: Role,
    ca: Millis,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rv: Option<Millis>,
}

impl OperatorRow {
    /// The row of an operator.
    pub(in crate::dynamo) fn new(operator: &Operator, secret: &SecretHash) -> Self {
        Self {
            h: hash_text(secret),
            nm: operator.name.clone(),
            em: operator.email.clone(),
            ro: operator.role,
            ca: operator.created_at.into(),
            rv: operator.revoked_at.map(Millis::from),
        }
    }

    /// The hash of the token's secret.
    pub(in crate::dynamo) fn hash(&self) -> Result<SecretHash> {
        let bytes = base32_decode(&self.h).and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        bytes.map(SecretHash).ok_or_else(unknown("hash"))
    }

    /// The operator with this id.
    pub(in crate::dynamo) fn named(self, id: OperatorId) -> Result<Operator> {
        Ok(Operator {
            id,
            name: self.nm,
            email: self.em,
            role: self.ro,
            created_at: self.ca.moment()?,
            revoked_at: self.rv.map(Millis::moment).transpose()?,
        })
    }
}
