//! Sources and their texts.

use std::sync::Arc;

use aiva_core::error::Error;
use aiva_core::knowledge::{Source, SourceKind};
use aiva_core::page::Limit;
use aiva_core::ports::{KnowledgeStore, WorkspaceStore};

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
        characters: 4,
        created_at: at(seconds),
    }
}

async fn version(world: &World) -> u64 {
    world.store.project(world.id(), world.project.id).await.unwrap().unwrap().knowledge_version
}

#[tokio::test]
async fn the_longest_text_reads_back_whole_and_each_change_advances_the_version() {
    let world = World::poor().await;
    let long = "漢🦀é".repeat(66_666);
    let (one, other) = (source(&world, 1), source(&world, 2));
    world.store.put_source(&one, &long).await.unwrap();
    world.store.put_source(&other, "short").await.unwrap();
    assert_eq!(version(&world).await, 2);
    let documents = world.store.documents(world.id(), world.project.id).await.unwrap();
    assert_eq!(documents.len(), 2);
    assert!(documents[0].source == one.id && documents[0].text == long);
    assert_eq!(documents[1].text, "short");
    assert_eq!(documents[1].url, other.url);
    let stored = world.store.source(world.id(), world.project.id, one.id).await.unwrap();
    assert_eq!(stored.as_ref(), Some(&one));

    assert!(world.store.delete_source(world.id(), world.project.id, one.id).await.unwrap());
    assert!(!world.store.delete_source(world.id(), world.project.id, one.id).await.unwrap());
    assert_eq!(version(&world).await, 3);
    let documents = world.store.documents(world.id(), world.project.id).await.unwrap();
    assert_eq!(documents.len(), 1);
}

#[tokio::test]
async fn storing_a_source_twice_leaves_the_first() {
    let world = World::poor().await;
    let source = source(&world, 1);
    world.store.put_source(&source, "first").await.unwrap();
    world.store.put_source(&source, "second").await.unwrap();
    assert_eq!(version(&world).await, 1);
    let documents = world.store.documents(world.id(), world.project.id).await.unwrap();
    assert_eq!(documents[0].text, "first");
}

#[tokio::test]
async fn a_source_needs_its_project() {
    let world = World::poor().await;
    let lost = Source { project: id(at(0)), ..source(&world, 1) };
    assert!(matches!(world.store.put_source(&lost, "text").await, Err(Error::NotFound)));
}

#[tokio::test]
async fn sources_are_listed_page_by_page_newest_first() {
    let world = World::poor().await;
    let mut sources = Vec::new();
    for turn in 0..7 {
        let source = source(&world, turn);
        world.store.put_source(&source, "text").await.unwrap();
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
