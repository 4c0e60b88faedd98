//! Widgets.

use aiva_core::change::Change;
use aiva_core::page::Limit;
use aiva_core::ports::WidgetStore;
use aiva_core::widget::{Greeting, Origin, Theme, Widget, WidgetPatch};
use serde_json::json;

use super::world::{World, at, id, label};

fn widget(world: &World, seconds: i64) -> Widget {
    Widget {
        id: id(at(seconds)),
        workspace: world.id(),
        project: world.project.id,
        name: label("Shop"),
        allowed_origins: vec![Origin::parse("o", "https://shop.example").unwrap()],
        greeting: Some(Greeting::parse("g", "Hello").unwrap()),
        theme: Theme::parse("t", &json!({ "colour": { "primary": "#0a7" } })).unwrap(),
        created_at: at(seconds),
        updated_at: at(seconds),
    }
}

#[tokio::test]
async fn a_widget_reads_back_and_one_that_exists_stays_as_it_is() {
    let world = World::poor().await;
    let (workspace, project) = (world.id(), world.project.id);
    let first = widget(&world, 1);
    world.store.create_widget(&first).await.unwrap();
    let second = Widget { name: label("Other"), ..first.clone() };
    world.store.create_widget(&second).await.unwrap();
    let stored = world.store.widget(workspace, project, first.id).await.unwrap();
    assert_eq!(stored, Some(first));
}

#[tokio::test]
async fn a_change_touches_what_it_names_and_makes_no_widget() {
    let world = World::poor().await;
    let place = (world.id(), world.project.id);
    let widget = widget(&world, 1);
    world.store.create_widget(&widget).await.unwrap();
    let patch = WidgetPatch {
        allowed_origins: Change::Clear,
        greeting: Change::Set(Greeting::parse("g", "Welcome").unwrap()),
        ..WidgetPatch::default()
    };
    let changed = world.store.change_widget(place, widget.id, &patch, at(9)).await.unwrap();
    let expected = Widget {
        allowed_origins: Vec::new(),
        greeting: Some(Greeting::parse("g", "Welcome").unwrap()),
        updated_at: at(9),
        ..widget.clone()
    };
    assert_eq!(changed.as_ref(), Some(&expected));
    let stored = world.store.widget(place.0, place.1, widget.id).await.unwrap();
    assert_eq!(stored, changed);
    let nobody = id(at(5));
    let none = world.store.change_widget(place, nobody, &patch, at(9)).await.unwrap();
    assert_eq!(none, None);
    assert_eq!(world.store.widget(place.0, place.1, nobody).await.unwrap(), None);
}

#[tokio::test]
async fn widgets_are_listed_newest_first_and_deleted_once() {
    let world = World::poor().await;
    let (workspace, project) = (world.id(), world.project.id);
    for seconds in 1..=3 {
        world.store.create_widget(&widget(&world, seconds)).await.unwrap();
    }
    let page = world.store.widgets(workspace, project, None, Limit::of(2)).await.unwrap();
    let made: Vec<_> = page.items.iter().map(|widget| widget.created_at).collect();
    assert_eq!(made, [at(3), at(2)]);
    let last = page.items[1].id;
    let rest = world.store.widgets(workspace, project, Some(last), Limit::of(2)).await.unwrap();
    assert_eq!((rest.items.len(), rest.next), (1, None));
    assert!(world.store.delete_widget(workspace, project, last).await.unwrap());
    assert!(!world.store.delete_widget(workspace, project, last).await.unwrap());
    let left = world.store.widgets(workspace, project, None, Limit::of(9)).await.unwrap();
    assert_eq!(left.items.len(), 2);
}
