//! Sources, their texts, and what is published of them.

use std::sync::Arc;

use aiva_core::error::Error;
use aiva_core::knowledge::{
    Generation, NewContent, Origin, Progress, Published, Source, SourceClaim, SourceKind,
    SourceState, SourceUpdate,
};
use aiva_core::message::Lease;
use aiva_core::outbox::OwedWhat;
use aiva_core::page::Limit;
use aiva_core::ports::{KnowledgeStore, OutboxStore, WorkspaceStore};
use aiva_core::project::Project;

use tokio::task::JoinSet;

use super::world::{World, at, id, label};

fn source(world: &World, seconds: i64) -> Source {
    Source {
        id: id(at(seconds)),
        workspace: world.id(),
        project: world.project.id,
        kind: SourceKind::Raw,
        title: label("Returns"),
        url: Some("https://acme.example/returns".to_owned()),
        tags: vec!["shop".to_owned()],
        origin: Origin::Raw,
        state: SourceState::Ready,
        reason: None,
        left_out: None,
        unplaced: false,
        progress: None,
        characters: 4,
        words: Some(1),
        rows: None,
        chunks: None,
        content: None,
        etag: None,
        refresh_seconds: None,
        created_at: at(seconds),
        updated_at: at(seconds),
    }
}

fn page(world: &World, seconds: i64) -> Source {
    let url = "https://acme.example/returns".to_owned();
    Source {
        kind: SourceKind::Url,
        origin: Origin::Url { url, crawl: None },
        state: SourceState::Queued,
        characters: 0,
        words: None,
        ..source(world, seconds)
    }
}

fn lease(holder: &str, from: i64, until: i64) -> Lease {
    Lease { holder: holder.to_owned(), epoch: 0, now: at(from), until: at(until) }
}

fn update(state: SourceState, seconds: i64) -> SourceUpdate {
    SourceUpdate {
        state,
        reason: None,
        left_out: None,
        title: None,
        content: None,
        etag: None,
        next_at: None,
        at: at(seconds),
        due: at(seconds),
        deliveries: Vec::new(),
    }
}

async fn project(world: &World) -> Project {
    world.store.project(world.id(), world.project.id).await.unwrap().unwrap()
}

async fn version(world: &World) -> u64 {
    project(world).await.knowledge_version
}

async fn stored(world: &World, source: &Source) -> Source {
    world.store.source(world.id(), world.project.id, source.id).await.unwrap().unwrap()
}

async fn claim(world: &World, source: &Source, lease: &Lease) -> SourceClaim {
    world.store.claim_source(world.id(), world.project.id, source.id, lease).await.unwrap()
}

async fn owed(world: &World, seconds: i64) -> Vec<OwedWhat> {
    let mut all = Vec::new();
    for shard in 0..world.store.owed_shards() {
        let found = world.owed(shard, at(seconds), 100).await.unwrap();
        all.extend(found.into_iter().filter(|owed| matches!(owed.what, OwedWhat::Ingestion(_))));
    }
    all.into_iter().map(|owed| owed.what).collect()
}

#[tokio::test]
async fn the_longest_text_reads_back_whole_and_each_change_advances_the_version() {
    let world = World::poor().await;
    let long = "漢🦀é".repeat(66_666);
    let (one, other) = (source(&world, 1), source(&world, 2));
    world.store.put_source(&one, &long, at(5)).await.unwrap();
    world.store.put_source(&other, "short", at(5)).await.unwrap();
    assert_eq!(version(&world).await, 2);
    let knowledge = world.store.knowledge(world.id(), world.project.id, usize::MAX).await.unwrap();
    assert_eq!(knowledge.len(), 2);
    assert!(knowledge[0].source.id == one.id && knowledge[0].text.as_deref() == Some(&long));
    assert_eq!(knowledge[1].text.as_deref(), Some("short"));
    assert_eq!(knowledge[1].source, other);
    assert_eq!(stored(&world, &one).await, one);
    assert_eq!(project(&world).await.knowledge.text_bytes, 8);

    let delete = || world.store.delete_source(world.id(), world.project.id, one.id, at(6));
    assert!(delete().await.unwrap());
    assert!(!delete().await.unwrap());
    let project = project(&world).await;
    assert_eq!((project.knowledge_version, project.knowledge.text_bytes), (3, 4));
    assert_eq!(project.knowledge.gone, [one.id]);
    let knowledge = world.store.knowledge(world.id(), world.project.id, usize::MAX).await.unwrap();
    assert_eq!(knowledge.len(), 1);
}

#[tokio::test]
async fn storing_a_source_twice_leaves_the_first() {
    let world = World::poor().await;
    let source = source(&world, 1);
    world.store.put_source(&source, "first", at(5)).await.unwrap();
    world.store.put_source(&source, "second", at(5)).await.unwrap();
    assert_eq!(version(&world).await, 1);
    let knowledge = world.store.knowledge(world.id(), world.project.id, usize::MAX).await.unwrap();
    assert_eq!(knowledge[0].text.as_deref(), Some("first"));
}

#[tokio::test]
async fn a_source_needs_its_project() {
    let world = World::poor().await;
    let lost = Source { project: id(at(0)), ..source(&world, 1) };
    assert!(matches!(world.store.put_source(&lost, "text", at(5)).await, Err(Error::NotFound)));
    let lost = Source { project: id(at(0)), ..page(&world, 1) };
    assert!(matches!(world.store.queue_source(&lost, at(5)).await, Err(Error::NotFound)));
}

#[tokio::test]
async fn sources_are_listed_page_by_page_newest_first() {
    let world = World::poor().await;
    let mut sources = Vec::new();
    for turn in 0..7 {
        let source = source(&world, turn);
        world.store.put_source(&source, "text", at(5)).await.unwrap();
        sources.push(source);
    }
    sources.reverse();
    let (mut listed, mut before) = (Vec::new(), None);
    loop {
        let page =
            world.store.sources(world.id(), world.project.id, before, Limit::of(3)).await.unwrap();
        listed.extend(page.items);
        let Some(next) = page.next else { break };
        before = Some(next.parse().unwrap());
    }
    assert_eq!(listed, sources);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_days_characters_are_counted_once_each_under_any_concurrency() {
    let world = World::poor().await;
    let mut tasks = JoinSet::new();
    for _ in 0..30 {
        let (store, workspace) = (Arc::clone(&world.store), world.id());
        tasks.spawn(async move { store.count_characters(workspace, at(1), 9, 100).await.unwrap() });
    }
    let taken = tasks.join_all().await.into_iter().filter(|taken| *taken).count();
    assert_eq!(taken, 11);
    let count = async |seconds, characters| {
        world.store.count_characters(world.id(), at(seconds), characters, 100).await.unwrap()
    };
    assert!(!count(1, 2).await && count(1, 1).await);
    assert!(count(86_400, 100).await && !count(86_400, 1).await);
    assert!(!count(5 * 86_400, 101).await);
}

#[tokio::test]
async fn a_queued_source_is_owed_until_it_is_recorded_and_then_its_index_is() {
    let world = World::poor().await;
    let page = page(&world, 1);
    world.store.queue_source(&page, at(10)).await.unwrap();
    assert!(owed(&world, 9).await.is_empty());
    assert!(
        matches!(&owed(&world, 10).await[..], [OwedWhat::Ingestion(job)] if job.source_id == Some(page.id))
    );

    let SourceClaim::Yes { source, attempts, fence } =
        claim(&world, &page, &lease("a", 10, 60)).await
    else {
        panic!("the source is free");
    };
    assert_eq!((attempts, source.state), (1, SourceState::Fetching));
    assert!(
        matches!(claim(&world, &page, &lease("b", 20, 70)).await, SourceClaim::Busy { until } if until == at(60))
    );

    let content = NewContent { object: "content/1".to_owned(), characters: 40, rows: Some(3) };
    let new = SourceUpdate { content: Some(content), ..update(SourceState::Indexing, 30) };
    assert!(!world.store.record_source(&source, fence + 1, &new).await.unwrap());
    assert!(world.store.record_source(&source, fence, &new).await.unwrap());
    assert!(!world.store.record_source(&source, fence, &new).await.unwrap(), "it is recorded once");
    let project = project(&world).await;
    assert_eq!((project.knowledge_version, project.knowledge.text_bytes), (1, 40));
    assert_eq!(stored(&world, &page).await.rows, Some(3));
    assert!(project.knowledge.owed);
    assert!(
        matches!(&owed(&world, 99).await[..], [OwedWhat::Ingestion(job)] if job.source_id.is_none())
    );
    assert!(matches!(claim(&world, &page, &lease("b", 99, 199)).await, SourceClaim::Finished));
}

#[tokio::test]
async fn a_worker_that_died_loses_the_source_to_the_next_and_can_record_nothing() {
    let world = World::poor().await;
    let page = page(&world, 1);
    world.store.queue_source(&page, at(10)).await.unwrap();
    let SourceClaim::Yes { source, fence: old, .. } =
        claim(&world, &page, &lease("a", 10, 60)).await
    else {
        panic!("the source is free");
    };
    let second = claim(&world, &page, &lease("b", 60, 110)).await;
    assert!(matches!(second, SourceClaim::Yes { attempts: 2, .. }));
    let failed = update(SourceState::Failed, 61);
    assert!(!world.store.record_source(&source, old, &failed).await.unwrap());
    // Asked for again in between, the second worker's reading is too old as well.
    assert!(world.store.requeue_source(&page, at(70)).await.unwrap());
    assert!(!world.store.record_source(&source, old + 1, &failed).await.unwrap());
    let third = claim(&world, &page, &lease("c", 70, 120)).await;
    assert!(matches!(third, SourceClaim::Yes { attempts: 1, .. }));
}

#[tokio::test]
async fn a_source_with_a_schedule_is_owed_again_at_its_time() {
    let world = World::poor().await;
    let page = page(&world, 1);
    world.store.queue_source(&page, at(10)).await.unwrap();
    let SourceClaim::Yes { source, fence, .. } = claim(&world, &page, &lease("a", 10, 60)).await
    else {
        panic!("the source is free");
    };
    let ready = SourceUpdate { next_at: Some(at(500)), ..update(SourceState::Ready, 20) };
    assert!(world.store.record_source(&source, fence, &ready).await.unwrap());
    assert!(owed(&world, 499).await.is_empty());
    assert!(matches!(claim(&world, &page, &lease("b", 499, 600)).await, SourceClaim::Finished));
    assert_eq!(owed(&world, 500).await.len(), 1);
    assert!(matches!(claim(&world, &page, &lease("b", 500, 600)).await, SourceClaim::Yes { .. }));
}

fn generation(version: u64, vectors_owed: u64) -> Generation {
    let object = format!("g/{version}-{vectors_owed}");
    Generation { object, version, bytes: 9, chunks: 2, vectors_owed }
}

#[tokio::test]
async fn generations_are_named_in_order_and_what_is_gone_is_told_for_one_more() {
    let world = World::poor().await;
    let (one, two) = (source(&world, 1), source(&world, 2));
    for source in [&one, &two] {
        world.store.put_source(source, "text", at(5)).await.unwrap();
    }
    let (workspace, id) = (world.id(), world.project.id);
    let generation = |version| generation(version, 0);
    let publish = async |version, gone: &[_]| {
        world.store.publish_generation(workspace, id, &generation(version), gone).await.unwrap()
    };
    assert!(publish(2, &[]).await);
    assert!(!publish(2, &[]).await && !publish(1, &[]).await);
    assert!(world.store.delete_source(workspace, id, one.id, at(6)).await.unwrap());
    assert!(publish(3, &[one.id]).await);
    assert!(world.store.delete_source(workspace, id, two.id, at(6)).await.unwrap());
    let knowledge = project(&world).await.knowledge;
    assert_eq!(knowledge.generation, Some(generation(3)));
    assert_eq!(knowledge.previous, Some(generation(2)));
    assert_eq!((knowledge.gone, knowledge.gone_since), (vec![one.id, two.id], vec![two.id]));
    assert!(!world.store.index_paid(workspace, id, 3).await.unwrap(), "version 4 is owed");
    assert!(publish(4, &[two.id]).await);
    assert!(world.store.index_paid(workspace, id, 4).await.unwrap());
    let knowledge = project(&world).await.knowledge;
    assert_eq!((&knowledge.gone[..], knowledge.owed), (&[two.id][..], false));
    assert_ne!(knowledge, Published::default());
}

#[tokio::test]
async fn a_generation_gives_way_to_one_of_its_version_that_lacks_fewer_vectors() {
    let world = World::poor().await;
    let (workspace, id) = (world.id(), world.project.id);
    world.store.put_source(&source(&world, 1), "text", at(5)).await.unwrap();
    let publish = async |version, owed| {
        let new = generation(version, owed);
        world.store.publish_generation(workspace, id, &new, &[]).await.unwrap()
    };
    assert!(publish(2, 9).await);
    assert!(!publish(2, 9).await && !publish(2, 10).await && !publish(1, 0).await);
    assert!(publish(2, 4).await);
    let knowledge = project(&world).await.knowledge;
    assert_eq!(knowledge.generation, Some(generation(2, 4)));
    assert_eq!(knowledge.previous, Some(generation(2, 9)));
    assert!(publish(2, 0).await);
    assert!(!publish(2, 0).await);
    assert!(publish(3, 9).await);
}

#[tokio::test]
async fn only_the_content_that_was_indexed_becomes_ready() {
    let world = World::poor().await;
    let page = page(&world, 1);
    world.store.queue_source(&page, at(10)).await.unwrap();
    let SourceClaim::Yes { source, fence, .. } = claim(&world, &page, &lease("a", 10, 60)).await
    else {
        panic!("the source is free");
    };
    let content = NewContent { object: "content/1".to_owned(), characters: 40, rows: Some(3) };
    let new = SourceUpdate {
        content: Some(content),
        title: Some(label("Told by the page")),
        reason: Some("2 pages were left out".to_owned()),
        left_out: Some("2 pages were left out".to_owned()),
        ..update(SourceState::Indexing, 30)
    };
    assert!(world.store.record_source(&source, fence, &new).await.unwrap());
    let seen = stored(&world, &page).await;
    assert_eq!((seen.title.as_str(), seen.state), ("Told by the page", SourceState::Indexing));
    let other = Source { content: Some("content/0".to_owned()), ..seen.clone() };
    assert!(!world.store.source_indexed(&other, 7, at(40), &[]).await.unwrap());
    assert!(world.store.source_indexed(&seen, 7, at(40), &[]).await.unwrap());
    let ready = stored(&world, &page).await;
    assert_eq!((ready.state, ready.chunks), (SourceState::Ready, Some(7)));
    assert_eq!(ready.reason.as_deref(), Some("2 pages were left out"));
}

#[tokio::test]
async fn texts_are_read_whole_or_not_at_all() {
    let world = World::poor().await;
    let long = "x".repeat(700_000);
    for turn in 1..=3 {
        world.store.put_source(&source(&world, turn), &long, at(5)).await.unwrap();
    }
    for (max_bytes, whole) in [(usize::MAX, 3), (1_500_000, 2), (1_400_000, 2), (699_999, 0)] {
        let read = world.store.knowledge(world.id(), world.project.id, max_bytes).await.unwrap();
        let texts: Vec<_> = read.iter().map(|stored| stored.text.as_deref()).collect();
        assert_eq!(texts.len(), 3);
        assert!(texts.iter().take(whole).all(|text| *text == Some(long.as_str())), "{max_bytes}");
        assert!(texts.iter().skip(whole).all(Option::is_none), "{max_bytes}");
    }
}

#[tokio::test]
async fn progress_is_noted_of_what_waits_for_its_index_and_forgotten_with_it() {
    let world = World::poor().await;
    let text = Source { state: SourceState::Indexing, ..source(&world, 1) };
    world.store.put_source(&text, "text", at(5)).await.unwrap();
    let far = Progress { done: 3, total: 9 };
    assert!(world.store.source_progress(&text, far).await.unwrap());
    assert_eq!(stored(&world, &text).await.progress, Some(far));
    assert!(world.store.source_indexed(&text, 9, at(6), &[]).await.unwrap());
    assert_eq!(stored(&world, &text).await.progress, None);
    assert!(!world.store.source_progress(&text, far).await.unwrap());
}
