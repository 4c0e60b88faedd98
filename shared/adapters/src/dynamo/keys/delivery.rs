//! Keys of deliveries, of webhooks, and of recoveries of those that were missed.

use aiva_core::id::{DeliveryId, RecoveryId, WorkspaceId};
use aiva_core::webhook::WebhookId;
use jiff::Timestamp;

use super::{Key, LIST_SHARDS, Span, sharded, tenant};

/// A delivery.
pub(in crate::dynamo) fn delivery(workspace: WorkspaceId, id: DeliveryId) -> Key {
    let shard = id.shard(LIST_SHARDS);
    Key::new(format!("{}#D#{shard}", tenant(workspace)), id.bare())
}

/// A workspace's deliveries.
pub(in crate::dynamo) fn deliveries(workspace: WorkspaceId) -> Vec<Span> {
    sharded(&format!("{}#D", tenant(workspace)))
}

/// A workspace's deliveries of a span of time.
pub(in crate::dynamo) fn deliveries_between(
    workspace: WorkspaceId,
    since: Timestamp,
    until: Timestamp,
) -> Vec<Span> {
    let (low, high) = (DeliveryId::range_at(since).0.bare(), DeliveryId::range_at(until).1.bare());
    let bounded = |span| Span { low: low.clone(), high: high.clone(), ..span };
    deliveries(workspace).into_iter().map(bounded).collect()
}

/// A webhook. Each has a partition of its own, as keys have.
pub(in crate::dynamo) fn webhook(id: WebhookId) -> Key {
    Key::new(format!("{}#E#{}", tenant(id.workspace), id.webhook.bare()), "E")
}

/// Whether a row is a webhook's.
pub(in crate::dynamo) fn is_webhook(key: &Key) -> bool {
    key.sort == "E"
}

/// A recovery of missed events.
pub(in crate::dynamo) fn recovery(workspace: WorkspaceId, id: RecoveryId) -> Key {
    Key::new(format!("{}#E", tenant(workspace)), id.bare())
}

/// The recovery that a row names.
pub(in crate::dynamo) fn parse_recovery(key: &Key) -> Option<(WorkspaceId, RecoveryId)> {
    let workspace = key.partition.strip_prefix("W#")?.strip_suffix("#E")?;
    Some((WorkspaceId::from_bare(workspace)?, RecoveryId::from_bare(&key.sort)?))
}

/// The delivery that a row names.
pub(in crate::dynamo) fn parse_delivery(key: &Key) -> Option<(WorkspaceId, DeliveryId)> {
    let (workspace, _) = key.partition.strip_prefix("W#")?.split_once("#D#")?;
    Some((WorkspaceId::from_bare(workspace)?, DeliveryId::from_bare(&key.sort)?))
}
