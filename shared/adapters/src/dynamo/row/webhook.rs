//! Webhooks.

use std::collections::BTreeSet;

use aiva_core::callback::{Callback, Event, Health};
use aiva_core::dialect::Dialect;
use aiva_core::error::{Error, Result};
use aiva_core::id::ProjectId;
use aiva_core::webhook::{Redaction, Webhook, WebhookId};
use serde::{Deserialize, Serialize};

use super::Millis;
use super::key::callback_text;

/// A webhook of the project `pr`, number `nu`, in the dialect `di`, of the events `ev`, redacted as `re`
/// says; `cb`, `fs`, `ms`, `bf` and `bo` are its endpoint as a key's row has it.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::dynamo) struct WebhookRow {
    id: WebhookId,
    pr: ProjectId,
    nu: u32,
    di: Dialect,
    ev: BTreeSet<Event>,
    re: Redaction,
    cb: String,
    #[serde(default, skip_serializing)]
    fs: Option<Millis>,
    #[serde(default, skip_serializing)]
    ms: Option<Millis>,
    #[serde(default, skip_serializing)]
    bf: u32,
    #[serde(default, skip_serializing)]
    bo: Option<Millis>,
    ca: Millis,
}

impl WebhookRow {
    /// The row of a webhook that is new, or has just been changed.
    pub(in crate::dynamo) fn new(webhook: &Webhook) -> Result<Self> {
        Ok(Self {
            id: webhook.id,
            pr: webhook.project,
            nu: webhook.number,
            di: webhook.dialect,
            ev: webhook.events.clone(),
            re: webhook.redaction,
            cb: callback_text(&webhook.callback)?,
            fs: None,
            ms: None,
            bf: 0,
            bo: None,
            ca: webhook.created_at.into(),
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
}

impl TryFrom<WebhookRow> for Webhook {
    type Error = Error;

    fn try_from(row: WebhookRow) -> Result<Self> {
        let health = row.health()?;
        let callback: Callback = serde_json::from_str(&row.cb).map_err(Error::internal)?;
        Ok(Self {
            id: row.id,
            project: row.pr,
            dialect: row.di,
            events: row.ev,
            redaction: row.re,
            callback: Callback { health, ..callback },
            number: row.nu,
            created_at: row.ca.moment()?,
        })
    }
}
