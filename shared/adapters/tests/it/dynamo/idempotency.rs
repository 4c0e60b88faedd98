//! Claims to idempotency keys of the header.

use std::sync::Arc;

use aiva_core::idempotency::{Begun, Claim, Ending, NO_WORKSPACE, Place};
use aiva_core::message::Fingerprint;
use aiva_core::ports::IdempotencyStore;
use aiva_core::text::IdempotencyKey;
use tokio::task::JoinSet;

use super::world::{World, at};

fn claim(holder: &str, seconds: i64) -> Claim {
    Claim {
        place: Place {
            workspace: NO_WORKSPACE,
            project: None,
            api: "operator",
            key: IdempotencyKey::parse("k", "a#key").unwrap(),
        },
        fingerprint: Fingerprint([3; 32]),
        holder: holder.to_owned(),
        seed: format!("seed of {holder}"),
        now: at(seconds),
        lease_until: at(seconds + 60),
        expires_at: at(seconds + 86_400),
    }
}

fn started(holder: &str, seconds: i64) -> Begun {
    Begun::Started { seed: format!("seed of {holder}"), at: at(seconds) }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_rivals_one_starts() {
    let world = World::poor().await;
    let mut tasks = JoinSet::new();
    for turn in 0..50 {
        let store = Arc::clone(&world.store);
        tasks.spawn(async move { store.begin(&claim(&format!("h{turn}"), 0)).await.unwrap() });
    }
    let outcomes = tasks.join_all().await;
    let in_flight = outcomes.iter().filter(|outcome| **outcome == Begun::InFlight).count();
    assert_eq!(in_flight, 49);
}

#[tokio::test]
async fn an_answer_is_given_again_until_it_expires() {
    let world = World::poor().await;
    let first = claim("a", 0);
    assert_eq!(world.store.begin(&first).await.unwrap(), started("a", 0));
    assert_eq!(world.store.begin(&first).await.unwrap(), started("a", 0));
    let other = Claim { fingerprint: Fingerprint([4; 32]), ..claim("b", 1) };
    assert_eq!(world.store.begin(&other).await.unwrap(), Begun::Reused);
    let answered = Ending::Answered("sealed".to_owned());
    world.store.end(&first.place, "a", &answered).await.unwrap();
    let replay = Begun::Replay("sealed".to_owned());
    assert_eq!(world.store.begin(&claim("b", 86_399)).await.unwrap(), replay);
    assert_eq!(world.store.begin(&other).await.unwrap(), Begun::Reused);
    assert_eq!(world.store.begin(&claim("b", 86_400)).await.unwrap(), started("b", 86_400));
    assert_eq!(world.store.begin(&claim("c", 86_401)).await.unwrap(), Begun::InFlight);
}

#[tokio::test]
async fn a_dead_claim_is_taken_over_with_the_seed_of_the_first() {
    let world = World::poor().await;
    world.store.begin(&claim("a", 0)).await.unwrap();
    assert_eq!(world.store.begin(&claim("b", 59)).await.unwrap(), Begun::InFlight);
    assert_eq!(world.store.begin(&claim("b", 60)).await.unwrap(), started("a", 0));
    let place = claim("a", 0).place;
    let late = Ending::Answered("late".to_owned());
    world.store.end(&place, "a", &late).await.unwrap();
    assert_eq!(world.store.begin(&claim("c", 61)).await.unwrap(), Begun::InFlight);
    world.store.end(&place, "b", &Ending::Released).await.unwrap();
    assert_eq!(world.store.begin(&claim("c", 62)).await.unwrap(), started("a", 0));
}

#[tokio::test]
async fn a_forgotten_claim_leaves_the_key_free_for_anything() {
    let world = World::poor().await;
    let first = claim("a", 0);
    world.store.begin(&first).await.unwrap();
    world.store.end(&first.place, "b", &Ending::Forgotten).await.unwrap();
    assert_eq!(world.store.begin(&claim("b", 1)).await.unwrap(), Begun::InFlight);
    world.store.end(&first.place, "a", &Ending::Forgotten).await.unwrap();
    let other = Claim { fingerprint: Fingerprint([4; 32]), ..claim("b", 1) };
    assert_eq!(world.store.begin(&other).await.unwrap(), started("b", 1));
}
