//! Workspaces, projects and the request log.

use aiva_core::id::{ProjectId, WorkspaceId};
use aiva_core::key::KeyId;
use aiva_core::money::{MicroCredits, Rates};
use aiva_core::notice::{Notice, NoticeWhat};
use aiva_core::page::Limit;
use aiva_core::ports::{LogStore, WorkspaceStore};
use aiva_core::project::{Agent, ModelSettings, Project};
use aiva_core::request_log::{RequestFilter, RequestLogEntry, StatusFilter};
use aiva_core::workspace::{Workspace, WorkspaceLimits, WorkspaceStatus};

use super::world::{TABLE, World, at, id, label, workspace};

fn approved(workspace: WorkspaceId) -> Notice {
    let what = NoticeWhat::Approved { credit: MicroCredits(1) };
    Notice { workspace, name: "approved".to_owned(), what, created_at: at(1) }
}

#[tokio::test]
async fn a_workspace_reads_back_and_is_activated_once() {
    let world = World::poor().await;
    let stored = world.store.workspace(world.id()).await.unwrap().unwrap();
    assert_eq!(stored, world.workspace);
    assert!(world.store.activate_workspace(&approved(world.id())).await.unwrap());
    assert!(!world.store.activate_workspace(&approved(world.id())).await.unwrap());
    assert!(!world.store.activate_workspace(&approved(id(at(0)))).await.unwrap());
    let stored = world.store.workspace(world.id()).await.unwrap().unwrap();
    assert_eq!(stored.status, WorkspaceStatus::Active);
    assert!(world.store.workspace(id(at(0))).await.unwrap().is_none());
}

#[tokio::test]
async fn settings_are_replaced_by_compare_and_set() {
    let world = World::poor().await;
    let rates = Rates {
        input_per_million_tokens: MicroCredits(1),
        output_per_million_tokens: MicroCredits(2),
    };
    let limits = WorkspaceLimits {
        requests_per_minute: Some(1),
        requests_per_day: None,
        user_monthly_cap: Some(MicroCredits(9)),
    };
    let before = &world.workspace;
    let cheaper = Workspace { rates, ..before.clone() };
    let changed = Workspace { limits, reopen_on_message: false, ..before.clone() };
    assert!(world.store.update_workspace(before, &cheaper).await.unwrap());
    // Another setting may have changed in between; the one that is changed may not.
    assert!(world.store.update_workspace(before, &changed).await.unwrap());
    assert!(!world.store.update_workspace(before, &cheaper).await.unwrap());
    assert!(world.store.update_workspace(before, before).await.unwrap());
    let stored = world.store.workspace(world.id()).await.unwrap().unwrap();
    assert_eq!(stored, Workspace { rates, ..changed });
    let nobody = Workspace { id: id(at(0)), ..cheaper };
    assert!(world.store.update_workspace(before, &nobody).await.is_err());
}

#[tokio::test]
async fn workspaces_are_listed_page_by_page_newest_first() {
    let world = World::poor().await;
    let mut ids = vec![world.id()];
    for turn in 1..6 {
        let (workspace, project) = workspace(at(turn));
        world.store.create_workspace(&workspace, &project).await.unwrap();
        ids.push(workspace.id);
    }
    ids.reverse();
    let (mut listed, mut before) = (Vec::new(), None);
    loop {
        let page = world.store.workspaces(before, Limit::of(4)).await.unwrap();
        listed.extend(page.items.iter().map(|workspace| workspace.id));
        let Some(next) = page.next else { break };
        before = Some(next.parse().unwrap());
    }
    assert_eq!(listed, ids);
}

#[tokio::test]
async fn making_a_workspace_twice_leaves_the_first() {
    let world = World::poor().await;
    world.store.activate_workspace(&approved(world.id())).await.unwrap();
    let again = Workspace { name: label("Other"), ..world.workspace.clone() };
    world.store.create_workspace(&again, &world.project).await.unwrap();
    let stored = world.store.workspace(world.id()).await.unwrap().unwrap();
    assert_eq!((stored.name, stored.status), (label("Acme"), WorkspaceStatus::Active));
}

#[tokio::test]
async fn projects_are_listed_with_the_default_first_and_their_agents_are_replaced() {
    let world = World::poor().await;
    let second = Project { id: id(at(9)), name: label("Second"), ..world.project.clone() };
    for _ in 0..2 {
        world.store.create_project(&second).await.unwrap();
    }
    let agent = Agent {
        persona: Some("Kind".to_owned()),
        ai_enabled: Some(false),
        model: ModelSettings { max_input_tokens: 2_000, max_output_tokens: 20 },
        ..Agent::default()
    };
    assert!(world.store.set_agent(world.id(), second.id, &agent).await.unwrap());
    assert!(!world.store.set_agent(world.id(), id(at(1)), &agent).await.unwrap());
    let listed = world.store.projects(world.id()).await.unwrap();
    assert_eq!(listed, [world.project.clone(), Project { agent, ..second.clone() }]);
    let nobody: ProjectId = id(at(1));
    assert!(world.store.project(world.id(), nobody).await.unwrap().is_none());
    assert!(world.store.project(world.id(), second.id).await.unwrap().is_some());
}

#[tokio::test]
async fn the_request_log_is_listed_newest_first_and_expires() {
    let world = World::poor().await;
    let mut entries = Vec::new();
    for turn in 0..30 {
        let entry = RequestLogEntry {
            id: id(at(turn)),
            key: KeyId { workspace: world.id(), key: id(at(0)) },
            at: at(turn),
            method: "POST".to_owned(),
            route: "/messages".to_owned(),
            status: 202,
            code: (turn % 2 == 0).then(|| "LIMITED".to_owned()),
            duration_ms: 12,
        };
        world.store.log_request(&entry).await.unwrap();
        entries.push(entry);
    }
    let rows = world.engine.client().scan().table_name(TABLE).send().await.unwrap();
    let end = (at(0).as_second() + 30 * 86_400).to_string();
    assert!(
        rows.items().iter().any(|row| row.get("ttl").is_some_and(|ttl| ttl.as_n() == Ok(&end)))
    );
    entries.reverse();
    let any = RequestFilter::default();
    let (mut listed, mut position) = (Vec::new(), None);
    loop {
        let page = world
            .store
            .requests(world.id(), &any, position.as_deref(), Limit::of(7))
            .await
            .unwrap();
        listed.extend(page.items);
        position = page.next;
        if position.is_none() {
            break;
        }
    }
    assert_eq!(listed, entries);
    let wanted = RequestFilter {
        since: Some(at(10)),
        until: Some(at(20)),
        code: Some("LIMITED".to_owned()),
        status: StatusFilter::parse("2xx"),
        ..RequestFilter::default()
    };
    let page = world.store.requests(world.id(), &wanted, None, Limit::of(50)).await.unwrap();
    let found: Vec<_> = page.items.iter().map(|entry| entry.at).collect();
    assert_eq!(found, [18, 16, 14, 12, 10].map(at));
    let none = RequestFilter { status: StatusFilter::parse("404"), ..wanted };
    let page = world.store.requests(world.id(), &none, None, Limit::of(50)).await.unwrap();
    assert!(page.items.is_empty() && page.next.is_none());
}
