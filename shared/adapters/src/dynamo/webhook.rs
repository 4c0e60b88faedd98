//! Webhooks, each with what its project keeps of it: two rows, one transaction.

use aiva_core::error::Result;
use aiva_core::ports::WebhookStore;
use aiva_core::webhook::{Subscription, Webhook, WebhookId};
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};

use super::DynamoStore;
use super::endpoint::health;
use super::item::{from_item, text, to_item, to_value};
use super::keys::{self, DUE, OWED};
use super::row::key::callback_text;
use super::row::webhook::WebhookRow;
use super::row::workspace::subscriptions_text;
use super::write::{Assignment, Change, Transacted, delete, put, update};

impl WebhookStore for DynamoStore {
    async fn create_webhook(
        &self,
        webhook: &Webhook,
        list: (&[Subscription], &[Subscription]),
    ) -> Result<bool> {
        let item = to_item(keys::webhook(webhook.id), &WebhookRow::new(webhook)?)?;
        let once = Change::only_when("attribute_not_exists(#pk)");
        let actions = vec![self.subscribing(webhook, list)?, put(&self.table, item, &once)?];
        self.stored(actions).await
    }

    async fn webhook(&self, id: WebhookId) -> Result<Option<Webhook>> {
        let row: Option<WebhookRow> = self.parsed_row(keys::webhook(id)).await?;
        row.map(Webhook::try_from).transpose()
    }

    async fn webhooks(&self, ids: &[WebhookId]) -> Result<Vec<Webhook>> {
        let rows = self.rows(ids.iter().map(|id| keys::webhook(*id)).collect()).await?;
        let rows = rows.into_values().map(from_item::<WebhookRow>);
        rows.map(|row| row.and_then(Webhook::try_from)).collect()
    }

    async fn update_webhook(
        &self,
        (before, after): (&Webhook, &Webhook),
        list: (&[Subscription], &[Subscription]),
    ) -> Result<bool> {
        let mut values: Vec<Assignment> = vec![
            ("ev", Some(to_value(&after.events)?)),
            ("re", Some(to_value(&after.redaction)?)),
            ("cb", Some(callback_value(after)?)),
        ];
        if before.callback.health != after.callback.health {
            values.extend(health(Some(&after.callback.health)));
        }
        if !before.callback.is_enabled() && after.callback.is_enabled() {
            // Nobody is to be told any more.
            values.extend([(OWED, None), (DUE, None)]);
        }
        let change = Change::assigning(values).when_is(("cb", Some(callback_value(before)?)));
        let row = update(&self.table, keys::webhook(after.id), &change)?;
        self.stored(vec![self.subscribing(after, list)?, row]).await
    }

    async fn delete_webhook(
        &self,
        webhook: &Webhook,
        list: (&[Subscription], &[Subscription]),
    ) -> Result<bool> {
        let row = delete(&self.table, keys::webhook(webhook.id), &Change::default())?;
        self.stored(vec![self.subscribing(webhook, list)?, row]).await
    }
}

impl DynamoStore {
    /// Replaces what the project keeps, if it is still what was read.
    fn subscribing(
        &self,
        webhook: &Webhook,
        (before, after): (&[Subscription], &[Subscription]),
    ) -> Result<TransactWriteItem> {
        let after = subscriptions_text(after)?.map(text);
        let before = subscriptions_text(before)?.map(text);
        let change = match (&before, after) {
            // An update must do something.
            (None, None) => Change::new("REMOVE #wh"),
            (_, after) => Change::assigning([("wh", after)]),
        };
        let change = change.when("attribute_exists(#pk)").when_is(("wh", before));
        update(&self.table, keys::project(webhook.id.workspace, webhook.project), &change)
    }

    async fn stored(&self, actions: Vec<TransactWriteItem>) -> Result<bool> {
        Ok(matches!(self.transact(None, actions).await?, Transacted::Yes))
    }
}

fn callback_value(webhook: &Webhook) -> Result<AttributeValue> {
    callback_text(&webhook.callback).map(text)
}
