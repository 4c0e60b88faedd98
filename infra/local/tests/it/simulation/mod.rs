//! The whole path under faults, by seed: throttling, conflicting transactions, answers lost after the
//! write was done, lost and doubled and late messages, processes that die between any two requests.
//! Whatever happens, the invariants of `docs/ARCHITECTURE.md` hold at the end.
//!
//! Clock, randomness and faults are all drawn from the seed, so a failing seed fails again.

#![expect(clippy::large_futures, reason = "a whole deployment runs in one task, once")]

mod actions;
mod asking;
mod desk;
mod endpoint;
mod invariants;
mod model;
mod money;
mod tools;
mod webhooks;
mod world;

use std::panic::AssertUnwindSafe;

use world::World;

const SEEDS: u64 = 240;
const STEPS: u32 = 70;

fn run_seed(seed: u64) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime starts");
    runtime.block_on(async {
        let mut world = World::new(seed).await;
        for _ in 0..STEPS {
            actions::step(&mut world).await;
        }
        actions::settle_everything(&mut world).await;
        invariants::check(&world).await;
        actions::repeat_everything_a_day_later(&mut world).await;
        invariants::check(&world).await;
    });
}

fn run_seeds(seeds: impl Iterator<Item = u64>) {
    for seed in seeds {
        let run = std::panic::catch_unwind(AssertUnwindSafe(|| run_seed(seed)));
        assert!(run.is_ok(), "seed {seed} broke an invariant (the panic above says which)");
    }
}

// Two tests, so that two cores share the work.
#[test]
fn every_invariant_survives_every_fault_for_even_seeds() {
    run_seeds((0..SEEDS).filter(|seed| seed % 2 == 0));
}

#[test]
fn every_invariant_survives_every_fault_for_odd_seeds() {
    run_seeds((0..SEEDS).filter(|seed| seed % 2 == 1));
}
