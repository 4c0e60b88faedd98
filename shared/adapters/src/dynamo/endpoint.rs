//! Endpoints: read, and how they have been doing, kept in the row of their owner.

use aiva_core::callback::{Disabled, Endpoint, EndpointId, Health};
use aiva_core::error::{Error, Result};
use aiva_core::key::ApiKey;
use aiva_core::ports::{EndpointStore, WebhookStore};
use jiff::Timestamp;

use super::DynamoStore;
use super::item::{from_item, moment, moment_of, number, text};
use super::keys::{self, DUE, Key, OWED};
use super::row::key::{KeyRow, callback_text};
use super::row::webhook::WebhookRow;
use super::write::{Assignment, Change, Written};

impl EndpointStore for DynamoStore {
    async fn endpoint(&self, id: EndpointId) -> Result<Option<Endpoint>> {
        match id {
            EndpointId::Key(id) => {
                let row: Option<KeyRow> = self.parsed_row(keys::api_key(id)).await?;
                let key = row.map(ApiKey::try_from).transpose()?;
                Ok(key.and_then(Endpoint::of_key))
            }
            EndpointId::Webhook(id) => Ok(self.webhook(id).await?.map(Endpoint::of_webhook)),
        }
    }

    /// One update; a second one where an older event fails later than a newer one did.
    async fn note_failure(&self, id: EndpointId, after: &Health) -> Result<()> {
        let since = after.failing_since.ok_or_else(|| Error::internal("a failure without time"))?;
        let missed = after.missed_since.unwrap_or(since);
        let mut update =
            "SET #fs = if_not_exists(#fs, :since), #ms = if_not_exists(#ms, :missed)".to_owned();
        let mut change = Change::default()
            .with("since", moment(since))
            .with("missed", moment(missed))
            .with("one", number(1));
        if let Some(until) = after.open_until {
            update.push_str(", #bo = :until");
            change = change.with("until", moment(until));
        }
        update.push_str(" ADD #bf :one");
        let change = change.updating(update).when("attribute_exists(#cb)");
        // Refused means that it was taken away.
        let Written::Yes(row) = self.update_row(key_of(id), &change).await? else { return Ok(()) };
        match moment_of(&row, "ms") {
            Some(known) if known > missed => self.note_missed(id, missed).await,
            Some(_) | None => Ok(()),
        }
    }

    async fn note_missed(&self, id: EndpointId, arose: Timestamp) -> Result<()> {
        let change = Change::new("SET #ms = :arose")
            .when("attribute_exists(#cb)")
            .when("(attribute_not_exists(#ms) OR #ms > :arose)")
            .with("arose", moment(arose));
        // Refused means that it misses an older one, or was taken away.
        self.update_row(key_of(id), &change).await.map(|_| ())
    }

    async fn note_success(&self, id: EndpointId) -> Result<()> {
        let change = Change::assigning(health(None)).when("attribute_exists(#cb)");
        self.update_row(key_of(id), &change).await.map(|_| ())
    }

    async fn take_probe(
        &self,
        id: EndpointId,
        was: Option<Timestamp>,
        until: Timestamp,
    ) -> Result<Option<Health>> {
        let change = Change::new("SET #bo = :until")
            .with("until", moment(until))
            .when("attribute_exists(#bf)")
            .when_is(("bo", was.map(moment)));
        match self.update_row(key_of(id), &change).await? {
            Written::Yes(_) => Ok(None),
            Written::No(None) => Ok(Some(Health::default())),
            Written::No(Some(item)) => match id {
                EndpointId::Key(_) => from_item::<KeyRow>(item)?.health().map(Some),
                EndpointId::Webhook(_) => from_item::<WebhookRow>(item)?.health().map(Some),
            },
        }
    }

    async fn disable_endpoint(
        &self,
        read: &Endpoint,
        disabled: &Disabled,
        due: Timestamp,
    ) -> Result<bool> {
        let mut callback = read.callback.clone();
        callback.disabled = Some(disabled.clone());
        let mark = match read.id {
            EndpointId::Key(id) => keys::owed_mark(id.key),
            EndpointId::Webhook(id) => keys::owed_mark(id.webhook),
        };
        let values: [Assignment; 3] = [
            ("cb", Some(text(callback_text(&callback)?))),
            (OWED, Some(text(mark))),
            (DUE, Some(moment(due))),
        ];
        let was = Some(text(callback_text(&read.callback)?));
        let change = Change::assigning(values).when_is(("cb", was));
        Ok(matches!(self.update_row(key_of(read.id), &change).await?, Written::Yes(_)))
    }

    async fn end_notice(&self, read: &Endpoint) -> Result<()> {
        let was = Some(text(callback_text(&read.callback)?));
        let change = Change::assigning([(OWED, None), (DUE, None)]).when_is(("cb", was));
        self.update_row(key_of(read.id), &change).await.map(|_| ())
    }
}

/// The row of an endpoint's owner.
pub(super) fn key_of(id: EndpointId) -> Key {
    match id {
        EndpointId::Key(id) => keys::api_key(id),
        EndpointId::Webhook(id) => keys::webhook(id),
    }
}

/// How an endpoint has been doing, as its owner's row keeps it; `None` is nothing to hold against it.
pub(super) fn health(health: Option<&Health>) -> [Assignment; 4] {
    let failures = health.map(|health| health.failures).filter(|failures| *failures > 0);
    [
        ("fs", health.and_then(|health| health.failing_since).map(moment)),
        ("ms", health.and_then(|health| health.missed_since).map(moment)),
        ("bf", failures.map(number)),
        ("bo", health.and_then(|health| health.open_until).map(moment)),
    ]
}
