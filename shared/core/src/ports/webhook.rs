//! Webhooks, and what their project keeps of them.

use std::future::Future;

use crate::error::Result;
use crate::webhook::{Subscription, Webhook, WebhookId};

/// Webhooks. Each write goes with the project's list of subscriptions, before and after, in one
/// transaction, and is answered `false` when either has changed since it was read.
pub trait WebhookStore: Send + Sync + 'static {
    /// Stores a new webhook.
    fn create_webhook(
        &self,
        webhook: &Webhook,
        list: (&[Subscription], &[Subscription]),
    ) -> impl Future<Output = Result<bool>> + Send;

    /// Reads a webhook.
    fn webhook(&self, id: WebhookId) -> impl Future<Output = Result<Option<Webhook>>> + Send;

    /// Reads several, in any order; those that are gone are left out.
    fn webhooks(&self, ids: &[WebhookId]) -> impl Future<Output = Result<Vec<Webhook>>> + Send;

    /// Stores a changed webhook.
    fn update_webhook(
        &self,
        before_and_after: (&Webhook, &Webhook),
        list: (&[Subscription], &[Subscription]),
    ) -> impl Future<Output = Result<bool>> + Send;

    /// Takes a webhook away.
    fn delete_webhook(
        &self,
        webhook: &Webhook,
        list: (&[Subscription], &[Subscription]),
    ) -> impl Future<Output = Result<bool>> + Send;
}
