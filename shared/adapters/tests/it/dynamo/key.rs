//! Keys: admission over windows, races with limits, changes by the operator.

use std::sync::Arc;

use aiva_core::callback::Disabled;
use aiva_core::key::{Admission, ApiKey, KeyId, RateWindow, RequestLimits, SecretHash};
use aiva_core::page::Limit;
use aiva_core::ports::{KeyStore, WorkspaceStore};
use tokio::task::JoinSet;

use super::world::{World, at, callback, id, label};

const WRONG: SecretHash = SecretHash([1; 32]);

fn limits(per_minute: Option<u32>, per_day: Option<u32>) -> RequestLimits {
    RequestLimits { per_minute, per_day }
}

fn remaining(windows: &[RateWindow]) -> Vec<u32> {
    windows.iter().map(|window| window.remaining).collect()
}

async fn admit(world: &World, key: &ApiKey, secret: &SecretHash, seconds: i64) -> Admission {
    world.store.admit(key.id, secret, at(seconds)).await.unwrap()
}

#[tokio::test]
async fn an_admission_on_the_warm_path_is_one_request() {
    let world = World::poor().await;
    let (key, secret) = world.key(limits(Some(60), Some(1_000))).await;
    admit(&world, &key, &secret, 0).await;
    world.recorder.take();
    let Admission::Admitted { key: admitted, windows } = admit(&world, &key, &secret, 1).await
    else {
        panic!("refused")
    };
    let used = world.recorder.take();
    assert_eq!(used["UpdateItem"].requests, 1);
    assert_eq!(used["UpdateItem"].write_units, 1.0);
    assert_eq!(used.len(), 1);
    assert_eq!(remaining(&windows), [58, 998]);
    assert_eq!(windows[0].resets_at, at(60));
    assert_eq!(admitted.last_used_at, Some(at(0)));
    assert_eq!(admitted.callback, key.callback);
    assert_eq!(admitted.scopes, key.scopes);
}

#[tokio::test]
async fn a_key_without_limits_is_counted_and_never_limited() {
    let world = World::poor().await;
    let (key, secret) = world.key(limits(None, None)).await;
    for turn in 0..5 {
        match admit(&world, &key, &secret, turn).await {
            Admission::Admitted { windows, .. } => assert!(windows.is_empty()),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_minute_ends_and_another_begins_and_the_day_goes_on() {
    let world = World::poor().await;
    let (key, secret) = world.key(limits(Some(2), Some(3))).await;
    let outcome = |admission: &Admission| match admission {
        Admission::Admitted { windows, .. } => ("admitted", remaining(windows)),
        Admission::Limited { windows, .. } => ("limited", remaining(windows)),
        Admission::Refused => ("refused", Vec::new()),
    };
    let mut seen = Vec::new();
    for seconds in [0, 1, 2, 61, 62, 121, 86_400] {
        seen.push(outcome(&admit(&world, &key, &secret, seconds).await));
    }
    let expected = [
        ("admitted", vec![1, 2]),
        ("admitted", vec![0, 1]),
        ("limited", vec![0, 1]),
        ("admitted", vec![1, 0]),
        ("limited", vec![1, 0]),
        ("limited", vec![2, 0]),
        ("admitted", vec![1, 2]),
    ];
    assert_eq!(seen, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn rivals_at_the_beginning_of_a_window_get_exactly_the_quota() {
    let world = World::poor().await;
    let (key, secret) = world.key(limits(Some(30), None)).await;
    for minute in 0..3 {
        let mut tasks = JoinSet::new();
        for _ in 0..80 {
            let (store, id) = (Arc::clone(&world.store), key.id);
            tasks.spawn(async move { store.admit(id, &secret, at(minute * 60)).await });
        }
        let outcomes = tasks.join_all().await;
        let admitted =
            outcomes.iter().filter(|outcome| matches!(outcome, Ok(Admission::Admitted { .. })));
        assert_eq!(admitted.count(), 30);
    }
}

#[tokio::test]
async fn a_clock_a_little_behind_does_not_open_a_window_twice() {
    let world = World::poor().await;
    let (key, secret) = world.key(limits(Some(1), None)).await;
    assert!(matches!(admit(&world, &key, &secret, 61).await, Admission::Admitted { .. }));
    assert!(matches!(admit(&world, &key, &secret, 59).await, Admission::Limited { .. }));
    assert!(matches!(admit(&world, &key, &secret, 62).await, Admission::Limited { .. }));
}

#[tokio::test]
async fn unknown_wrong_and_revoked_keys_get_one_answer_and_use_up_nothing() {
    let world = World::poor().await;
    let (key, secret) = world.key(limits(Some(1), None)).await;
    for seconds in [0, 1, 61] {
        assert!(matches!(admit(&world, &key, &WRONG, seconds).await, Admission::Refused));
    }
    let unknown = KeyId { key: id(at(0)), ..key.id };
    let outcome = world.store.admit(unknown, &secret, at(0)).await.unwrap();
    assert!(matches!(outcome, Admission::Refused));
    assert!(matches!(admit(&world, &key, &secret, 61).await, Admission::Admitted { .. }));
    let revoked = ApiKey { revoked_at: Some(at(62)), ..key.clone() };
    assert!(world.store.update_key(&key, &revoked).await.unwrap());
    assert!(matches!(admit(&world, &key, &secret, 200).await, Admission::Refused));
}

#[tokio::test]
async fn an_old_secret_works_until_its_overlap_ends() {
    let world = World::poor().await;
    let (key, secret) = world.key(limits(None, None)).await;
    let new = SecretHash([2; 32]);
    for _ in 0..2 {
        let overlaps = world.store.rotate_secret(key.id, &new, (at(0), at(100))).await.unwrap();
        assert_eq!(overlaps, None);
    }
    assert!(matches!(admit(&world, &key, &new, 99).await, Admission::Admitted { .. }));
    assert!(matches!(admit(&world, &key, &secret, 99).await, Admission::Admitted { .. }));
    assert!(matches!(admit(&world, &key, &secret, 100).await, Admission::Refused));
    assert!(matches!(admit(&world, &key, &new, 100).await, Admission::Admitted { .. }));
    let unknown = KeyId { key: id(at(0)), ..key.id };
    assert!(world.store.rotate_secret(unknown, &new, (at(0), at(1))).await.is_err());
}

#[tokio::test]
async fn a_promised_overlap_is_kept_and_no_overlap_ends_every_older_secret() {
    let world = World::poor().await;
    let (key, first) = world.key(limits(None, None)).await;
    let (second, third) = (SecretHash([2; 32]), SecretHash([3; 32]));
    let rotate = async |secret: &SecretHash, now: i64, until: i64| {
        world.store.rotate_secret(key.id, secret, (at(now), at(until))).await.unwrap()
    };
    assert_eq!(rotate(&second, 0, 100).await, None);
    assert_eq!(rotate(&third, 50, 200).await, Some(at(100)));
    assert!(matches!(admit(&world, &key, &first, 99).await, Admission::Admitted { .. }));
    assert!(matches!(admit(&world, &key, &third, 99).await, Admission::Refused));
    // The same rotation again is no other one.
    assert_eq!(rotate(&second, 50, 200).await, None);
    assert!(matches!(admit(&world, &key, &first, 100).await, Admission::Refused));
    assert_eq!(rotate(&third, 100, 200).await, None);
    assert!(matches!(admit(&world, &key, &second, 199).await, Admission::Admitted { .. }));
    let fourth = SecretHash([4; 32]);
    assert_eq!(rotate(&fourth, 150, 150).await, None);
    for ended in [&first, &second, &third] {
        assert!(matches!(admit(&world, &key, ended, 150).await, Admission::Refused));
    }
    assert!(matches!(admit(&world, &key, &fourth, 150).await, Admission::Admitted { .. }));
}

#[tokio::test]
async fn a_change_made_from_an_older_callback_is_refused() {
    let world = World::poor().await;
    let (key, _) = world.key(limits(None, None)).await;
    let disabled = Disabled { reason: "410".to_owned(), at: at(5) };
    let mut off = callback("https://receiver.example/hook?x=1");
    off.disabled = Some(disabled);
    let first = ApiKey { callback: Some(off), ..key.clone() };
    assert!(world.store.update_key(&key, &first).await.unwrap());
    let rival = ApiKey { callback: None, ..key.clone() };
    assert!(!world.store.update_key(&key, &rival).await.unwrap());
    let renamed = ApiKey { name: label("Shop"), callback: None, ..first.clone() };
    assert!(world.store.update_key(&first, &renamed).await.unwrap());
    let stored = world.store.key(key.id).await.unwrap().unwrap();
    assert_eq!((stored.callback, stored.name.as_str()), (None, "Shop"));
    assert!(!world.store.update_key(&first, &key).await.unwrap());
}

#[tokio::test]
async fn what_a_change_does_not_name_stays_as_it_is() {
    let world = World::poor().await;
    let (key, _) = world.key(limits(Some(9), None)).await;
    world.store.narrow_keys(world.id(), limits(Some(3), None)).await.unwrap();
    let renamed = ApiKey { name: label("Shop"), ..key.clone() };
    assert!(world.store.update_key(&key, &renamed).await.unwrap());
    let stored = world.store.key(key.id).await.unwrap().unwrap();
    assert_eq!(stored.limits.per_minute, Some(3));
}

#[tokio::test]
async fn limits_of_a_workspace_narrow_its_keys_and_widen_them_back() {
    let world = World::poor().await;
    let (own, _) = world.key(limits(Some(9), None)).await;
    let (free, _) = world.key(limits(None, None)).await;
    let set = async |per_minute, per_day| {
        world.store.narrow_keys(world.id(), limits(per_minute, per_day)).await.unwrap();
        let mut found = Vec::new();
        for id in [own.id, free.id] {
            found.push(world.store.key(id).await.unwrap().unwrap().limits);
        }
        found
    };
    let narrow = set(Some(5), Some(50)).await;
    assert_eq!(narrow, [limits(Some(5), Some(50)), limits(Some(5), Some(50))]);
    let wide = set(Some(50), None).await;
    assert_eq!(wide, [limits(Some(9), None), limits(Some(50), None)]);
    let none = set(None, None).await;
    assert_eq!(none, [limits(Some(9), None), limits(None, None)]);
}

#[tokio::test]
async fn keys_are_listed_page_by_page_newest_first() {
    let world = World::poor().await;
    let mut ids = Vec::new();
    for _ in 0..7 {
        ids.push(world.key(limits(None, None)).await.0.id);
    }
    ids.sort();
    ids.reverse();
    let (mut listed, mut before) = (Vec::new(), None);
    loop {
        let page = world.store.keys(world.id(), before, Limit::of(3)).await.unwrap();
        listed.extend(page.items.iter().map(|key| key.id));
        let Some(next) = page.next else { break };
        before = Some(next.parse().unwrap());
    }
    assert_eq!(listed, ids);
}

#[tokio::test]
async fn making_a_key_twice_leaves_the_first() {
    let world = World::poor().await;
    let (key, secret) = world.key(limits(None, None)).await;
    let again = ApiKey { name: label("Other"), callback: None, ..key.clone() };
    world.store.create_key(&again, &WRONG).await.unwrap();
    assert!(matches!(admit(&world, &key, &secret, 0).await, Admission::Admitted { .. }));
    assert_eq!(world.store.key(key.id).await.unwrap().unwrap().name, key.name);
}

#[tokio::test]
async fn wrong_keys_are_counted_by_address_and_minute() {
    let world = World::poor().await;
    for expected in 1..=3 {
        assert_eq!(world.store.count_wrong_key("192.0.2.1", at(0)).await.unwrap(), expected);
    }
    assert_eq!(world.store.count_wrong_key("192.0.2.2", at(0)).await.unwrap(), 1);
    assert_eq!(world.store.count_wrong_key("192.0.2.1", at(60)).await.unwrap(), 1);
    assert_eq!(world.store.count_operator_request(at(0)).await.unwrap(), 1);
    assert_eq!(world.store.count_operator_request(at(1)).await.unwrap(), 2);
}
