//! Webhooks and what their project keeps of them: together or not at all.

use std::collections::BTreeSet;

use aiva_core::callback::{Disabled, EndpointId, Event, Health};
use aiva_core::dialect::Dialect;
use aiva_core::outbox::OwedWhat;
use aiva_core::ports::{EndpointStore, OutboxStore, WebhookStore, WorkspaceStore};
use aiva_core::webhook::{Redaction, Subscription, Webhook, WebhookId};

use super::world::{World, at, callback, id};

fn webhook(world: &World, dialect: Dialect) -> Webhook {
    Webhook {
        id: WebhookId { workspace: world.id(), webhook: id(at(1)) },
        project: world.project.id,
        dialect,
        events: Event::of_dialect(dialect).iter().copied().collect(),
        redaction: Redaction::Strict,
        callback: callback("https://receiver.example/hook?x=1"),
        number: 1,
        created_at: at(1),
    }
}

async fn kept(world: &World) -> Vec<Subscription> {
    world.store.project(world.id(), world.project.id).await.unwrap().unwrap().webhooks
}

async fn stored(world: &World, dialect: Dialect) -> Webhook {
    let webhook = webhook(world, dialect);
    let before = kept(world).await;
    let mut after = before.clone();
    after.push(webhook.subscription());
    assert!(world.store.create_webhook(&webhook, (&before, &after)).await.unwrap());
    webhook
}

#[tokio::test]
async fn a_webhook_and_its_projects_list_change_together_or_not_at_all() {
    let world = World::poor().await;
    let first = stored(&world, Dialect::Aerochat).await;
    let second = stored(&world, Dialect::Asyntai).await;
    assert_eq!(kept(&world).await, [first.subscription(), second.subscription()]);
    assert_eq!(kept(&world).await[0].url, "https://receiver.example/hook");
    assert_eq!(world.store.webhook(first.id).await.unwrap(), Some(first.clone()));
    // Whoever read the list before that stores nothing.
    let late = webhook(&world, Dialect::Aivastark);
    let old = [first.subscription()];
    assert!(!world.store.create_webhook(&late, (&old, &old)).await.unwrap());
    assert_eq!(world.store.webhook(late.id).await.unwrap(), None);
    assert!(!world.store.delete_webhook(&first, (&old, &[])).await.unwrap());
    assert!(world.store.webhook(first.id).await.unwrap().is_some());

    let list = kept(&world).await;
    let mut found = world.store.webhooks(&[first.id, late.id, second.id]).await.unwrap();
    found.sort_by_key(|webhook| webhook.id);
    let mut expected = vec![first.clone(), second.clone()];
    expected.sort_by_key(|webhook| webhook.id);
    assert_eq!(found, expected);
    assert!(world.store.delete_webhook(&first, (&list, &list[1..])).await.unwrap());
    assert!(world.store.delete_webhook(&second, (&list[1..], &[])).await.unwrap());
    assert_eq!(kept(&world).await, []);
    assert_eq!(world.store.webhook(second.id).await.unwrap(), None);
    assert_eq!(world.store.endpoint(EndpointId::Webhook(second.id)).await.unwrap(), None);
}

#[tokio::test]
async fn a_change_made_from_an_older_reading_does_not_undo_a_newer_one() {
    let world = World::poor().await;
    let first = stored(&world, Dialect::Aerochat).await;
    let list = kept(&world).await;
    let mut changed = first.clone();
    changed.events = BTreeSet::from([Event::MessageInbound]);
    changed.callback.url = "https://other.example/".to_owned();
    let after = [changed.subscription()];
    assert!(world.store.update_webhook((&first, &changed), (&list, &after)).await.unwrap());
    assert!(!world.store.update_webhook((&first, &changed), (&list, &after)).await.unwrap());
    assert_eq!(world.store.webhook(first.id).await.unwrap(), Some(changed.clone()));
    assert_eq!(kept(&world).await, after);
}

#[tokio::test]
async fn a_webhook_fails_and_is_disabled_as_the_callback_of_a_key_is() {
    let world = World::poor().await;
    let first = stored(&world, Dialect::Aivastark).await;
    let endpoint = EndpointId::Webhook(first.id);
    let failing_since = Some(at(2));
    let (missed_since, open_until) = (Some(at(1)), Some(at(9)));
    let failing = Health { failing_since, missed_since, failures: 1, open_until };
    world.store.note_failure(endpoint, &failing).await.unwrap();
    let read = world.store.endpoint(endpoint).await.unwrap().unwrap();
    assert_eq!((read.dialect, read.callback.health), (Dialect::Aivastark, failing));
    assert_eq!(world.store.take_probe(endpoint, Some(at(9)), at(20)).await.unwrap(), None);
    let told = world.store.take_probe(endpoint, Some(at(9)), at(20)).await.unwrap();
    assert_eq!(told.unwrap().open_until, Some(at(20)));
    let gone = Disabled { reason: "gone".to_owned(), at: at(5) };
    assert!(world.store.disable_endpoint(&read, &gone, at(7)).await.unwrap());
    let mut notices = Vec::new();
    for shard in 0..world.store.owed_shards() {
        notices.extend(world.owed(shard, at(9), 9).await.unwrap());
    }
    assert!(matches!(&notices[..], [owed] if matches!(&owed.what,
        OwedWhat::Notice(told) if told.id == endpoint)));
    // Switched on again, nobody is told any more.
    let disabled = world.store.webhook(first.id).await.unwrap().unwrap();
    let on = Webhook { callback: disabled.callback.clone().switched(true, at(10)), ..first };
    let list = kept(&world).await;
    assert!(world.store.update_webhook((&disabled, &on), (&list, &list)).await.unwrap());
    assert!(world.store.endpoint(endpoint).await.unwrap().unwrap().callback.health.is_good());
    for shard in 0..world.store.owed_shards() {
        assert!(world.owed(shard, at(99), 9).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_project_without_webhooks_costs_no_read_more() {
    let world = World::poor().await;
    world.recorder.take();
    kept(&world).await;
    let reads = || world.recorder.take().values().map(|usage| usage.read_units).sum::<f64>();
    let without = reads();
    stored(&world, Dialect::Aerochat).await;
    world.recorder.take();
    kept(&world).await;
    assert!((reads() - without).abs() < 0.1, "and one with a webhook neither");
}
