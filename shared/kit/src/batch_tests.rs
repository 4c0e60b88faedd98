use std::sync::Mutex;

use super::*;

fn record(id: &str, group: Option<&str>) -> Record {
    let (id, group) = (id.to_owned(), group.map(str::to_owned));
    Record { body: id.clone(), id, group, receive_count: 1 }
}

fn batch(order: Order) -> Batch {
    Batch {
        invocation: "inv".to_owned(),
        order,
        concurrency: 10,
        places: 10,
        deadline: Instant::now() + Duration::from_secs(5),
        backoff: Duration::from_secs(1),
    }
}

fn ids(failures: &[Failure]) -> Vec<&str> {
    failures.iter().map(|failure| failure.id.as_str()).collect()
}

const RETRY: Disposition = Disposition::Retry { after: None };

#[tokio::test]
async fn a_panic_fails_one_record_and_no_other() {
    let records = ["a", "boom", "c"].map(|id| record(id, None)).to_vec();
    let failures = run(batch(Order::Free), records, |task| async move {
        assert_ne!(task.record.id, "boom");
        Disposition::Done
    })
    .await;
    assert_eq!(ids(&failures), ["boom"]);
}

#[tokio::test]
async fn a_group_is_worked_on_in_order_and_stops_at_its_first_failure() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let records = vec![
        record("a1", Some("a")),
        record("b1", Some("b")),
        record("a2", Some("a")),
        record("b2", Some("b")),
        record("a3", Some("a")),
    ];
    let log = Arc::clone(&seen);
    let failures = run(batch(Order::Grouped), records, move |task| {
        let log = Arc::clone(&log);
        async move {
            tokio::task::yield_now().await;
            log.lock().unwrap().push(task.record.id.clone());
            if task.record.id == "a2" { RETRY } else { Disposition::Done }
        }
    })
    .await;
    assert_eq!(ids(&failures), ["a2", "a3"]);
    let seen = seen.lock().unwrap();
    assert!(!seen.contains(&"a3".to_owned()), "{seen:?}");
    let place = |id: &str| seen.iter().position(|one| one == id).unwrap();
    assert!(place("a1") < place("a2") && place("b1") < place("b2"));
}

#[tokio::test]
async fn different_groups_run_at_once() {
    let gate = Arc::new(tokio::sync::Barrier::new(3));
    let records = ["a", "b", "c"].map(|id| record(id, Some(id))).to_vec();
    let failures = run(batch(Order::Grouped), records, move |_| {
        let gate = Arc::clone(&gate);
        async move {
            // Passes only when all three are here.
            gate.wait().await;
            Disposition::Done
        }
    })
    .await;
    assert!(failures.is_empty());
}

#[tokio::test]
async fn a_fairness_group_does_not_hold_up_its_own() {
    let gate = Arc::new(tokio::sync::Barrier::new(2));
    let records = vec![record("a", Some("same")), record("b", Some("same"))];
    let failures = run(batch(Order::Free), records, move |_| {
        let gate = Arc::clone(&gate);
        async move {
            gate.wait().await;
            Disposition::Done
        }
    })
    .await;
    assert!(failures.is_empty());
}

#[tokio::test]
async fn no_more_run_at_once_than_allowed() {
    let (now, most) = (Arc::new(Mutex::new(0_usize)), Arc::new(Mutex::new(0_usize)));
    let limits = Batch { concurrency: 2, ..batch(Order::Free) };
    let records = (0..8).map(|number| record(&number.to_string(), None)).collect();
    let (running, peak) = (Arc::clone(&now), Arc::clone(&most));
    run(limits, records, move |_| {
        let (running, peak) = (Arc::clone(&running), Arc::clone(&peak));
        async move {
            let count = {
                let mut running = running.lock().unwrap();
                *running += 1;
                *running
            };
            {
                let mut peak = peak.lock().unwrap();
                *peak = count.max(*peak);
            }
            tokio::task::yield_now().await;
            *running.lock().unwrap() -= 1;
            Disposition::Done
        }
    })
    .await;
    assert_eq!(*most.lock().unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_outlives_the_deadline_is_stopped_and_comes_back() {
    let records = vec![record("quick", None), record("slow", None)];
    let failures = run(batch(Order::Free), records, |task| async move {
        if task.record.id == "slow" {
            std::future::pending::<()>().await;
        }
        Disposition::Done
    })
    .await;
    assert_eq!(ids(&failures), ["slow"]);
}

#[tokio::test]
async fn a_dead_record_leaves_the_queue_and_its_group_goes_on() {
    let records = vec![record("not json", Some("a")), record("7", Some("a"))];
    let failures = run(batch(Order::Grouped), records, |task| async move {
        match task.parse::<u32>() {
            Ok(_) => Disposition::Retry { after: Some(Duration::from_secs(9)) },
            Err(dead) => dead,
        }
    })
    .await;
    assert_eq!(failures, [Failure { id: "7".to_owned(), after: Duration::from_secs(9) }]);
}

#[test]
fn the_backoff_doubles_up_to_five_minutes() {
    let first = Duration::from_secs(5);
    assert_eq!(backoff(first, 0), first);
    assert_eq!(backoff(first, 1), first);
    assert_eq!(backoff(first, 3), Duration::from_secs(20));
    assert_eq!(backoff(first, u32::MAX), MAX_BACKOFF);
}

#[tokio::test(start_paused = true)]
async fn records_of_one_group_take_no_more_than_their_places_and_others_do_not_wait_for_them() {
    let limits = Batch { places: 2, ..batch(Order::Free) };
    let mut records: Vec<_> =
        (0..6).map(|number| record(&format!("hole-{number}"), Some("hole"))).collect();
    records.push(record("shop", Some("shop")));
    let began = Instant::now();
    let ended = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&ended);
    let failures = run(limits, records, move |task| {
        let log = Arc::clone(&log);
        async move {
            if task.record.id != "shop" {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            log.lock().unwrap().push((task.record.id, began.elapsed().as_secs()));
            Disposition::Done
        }
    })
    .await;
    assert!(failures.is_empty());
    let ended = ended.lock().unwrap();
    assert_eq!(ended[0], ("shop".to_owned(), 0));
    let seconds: Vec<u64> = ended[1..].iter().map(|(_, second)| *second).collect();
    assert_eq!(seconds, [1, 1, 2, 2, 3, 3]);
}
