//! Tools and the record of their calls: who may write what, and what it costs.

use std::sync::Arc;

use aiva_core::ports::{ToolStore, WorkspaceStore};
use aiva_core::reply::ModelCall;
use aiva_core::tool::{
    Access, CallPlace, CallState, RecordedCall, RecordedRound, StartedCall, Tool, ToolAnswer,
    ToolChange, ToolChanged, ToolName, Toolset,
};
use aiva_core::wallet::{Usage, UsageSource};
use tokio::task::JoinSet;

use super::world::{World, at, id, lease};

fn tool(world: &World, name: &str, secret: &str) -> Tool {
    Tool {
        workspace: world.id(),
        project: world.project.id,
        name: ToolName::parse(name).unwrap(),
        description: "Looks an order up.".to_owned(),
        parameters: "{}".to_owned(),
        url: "https://shop.example.com/tool".to_owned(),
        sealed_secret: secret.to_owned(),
        access: Access::Personal,
        repeatable: true,
        created_at: at(1),
        updated_at: at(1),
    }
}

async fn toolset(world: &World) -> Toolset {
    world.store.project(world.id(), world.project.id).await.unwrap().unwrap().tools
}

#[tokio::test]
async fn a_tool_is_changed_only_as_it_was_read_and_counted_in_its_project() {
    let world = World::poor().await;
    let change = async |before: Option<&Tool>, after: Option<&Tool>| {
        let change = ToolChange { before: before.cloned(), after: after.cloned() };
        world.store.change_tool(&change).await.unwrap()
    };
    let (one, mut two) = (tool(&world, "one", "s1"), tool(&world, "one", "s2"));
    two.description = "Longer than it was before.".repeat(9);
    assert_eq!(change(None, Some(&one)).await, ToolChanged::Stored);
    assert_eq!(change(None, Some(&two)).await, ToolChanged::Stale);
    assert_eq!(change(Some(&two), None).await, ToolChanged::Stale);
    let tokens = |tool: &Tool| u32::try_from(tool.definition_tokens()).unwrap();
    assert_eq!(toolset(&world).await, Toolset { count: 1, tokens: tokens(&one) });
    assert_eq!(change(Some(&one), Some(&two)).await, ToolChanged::Stored);
    assert_eq!(toolset(&world).await, Toolset { count: 1, tokens: tokens(&two) });
    let read = world.store.tools(world.id(), world.project.id).await.unwrap();
    assert_eq!(read, [two.clone()]);
    assert_eq!(change(Some(&two), None).await, ToolChanged::Stored);
    assert_eq!(toolset(&world).await, Toolset::default());
    assert_eq!(world.store.tool(world.id(), world.project.id, &two.name).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_tools_made_at_once_thirty_two_fit() {
    let world = World::poor().await;
    let mut tasks = JoinSet::new();
    for number in 0..40 {
        let store = Arc::clone(&world.store);
        let after = Some(tool(&world, &format!("tool_{number}"), "s"));
        tasks.spawn(async move {
            store.change_tool(&ToolChange { before: None, after }).await.unwrap()
        });
    }
    let made = tasks.join_all().await;
    assert_eq!(made.iter().filter(|made| **made == ToolChanged::Stored).count(), 32);
    assert_eq!(toolset(&world).await.count, 32);
    assert_eq!(world.store.tools(world.id(), world.project.id).await.unwrap().len(), 32);
}

fn round(number: u8, states: &[CallState]) -> RecordedRound {
    let calls = states.iter().enumerate().map(|(at_index, state)| RecordedCall {
        id: id::<aiva_core::id::marker::ToolCall>(at(2)),
        call: ModelCall {
            id: format!("model_{at_index}"),
            tool: "one".to_owned(),
            arguments: r#"{"order":7}"#.to_owned(),
        },
        personal: at_index == 1,
        state: state.clone(),
    });
    let usage = Usage { input_tokens: 10, output_tokens: 5, source: UsageSource::Reported };
    RecordedRound { number, text: "Let me see.".to_owned(), usage, calls: calls.collect() }
}

#[tokio::test]
async fn the_record_of_a_generation_belongs_to_whoever_holds_its_claim() {
    let world = World::rich(4).await;
    let submission = world.submitted("c").await;
    let reference = &submission.conversation.reference;
    let first = world.claimed(&submission, &lease("a", 2)).await;
    let place = |fence, round, index| CallPlace { reference, seq: 1, fence, round, index };
    let answered = CallState::Answered(ToolAnswer { text: "no".to_owned(), failed: true });
    let mut one = round(0, &[CallState::Started, CallState::Planned, answered]);
    world.recorder.take();
    assert!(world.store.record_round(place(first.fence, 0, 0), &one).await.unwrap());
    let spent: f64 = world.recorder.take().values().map(|usage| usage.write_units).sum();
    assert!(spent <= 8.0, "a round of three calls takes {spent}");
    // Again, as after a lost answer: it is the same round.
    assert!(world.store.record_round(place(first.fence, 0, 0), &one).await.unwrap());
    assert_eq!(world.store.tool_rounds(reference, 1).await.unwrap(), [one.clone()]);

    let start = async |fence, index, again| {
        world.store.start_call(place(fence, 0, index), again).await.unwrap()
    };
    assert_eq!(start(first.fence, 0, false).await, StartedCall::Before);
    assert_eq!(start(first.fence, 0, true).await, StartedCall::Yes);
    assert_eq!(start(first.fence, 1, false).await, StartedCall::Yes);
    assert_eq!(start(first.fence, 2, true).await, StartedCall::Before, "it is answered");
    let answer = ToolAnswer { text: "shipped".to_owned(), failed: false };
    world.store.answer_call(place(first.fence, 0, 0), &answer).await.unwrap();
    one.calls[0].state = CallState::Answered(answer);
    one.calls[1].state = CallState::Started;
    assert_eq!(world.store.tool_rounds(reference, 1).await.unwrap(), [one.clone()]);

    // Whoever lost the lease starts and records nothing any more.
    let second = world.claimed(&submission, &lease("b", 70)).await;
    assert!(second.fence > first.fence);
    assert_eq!(start(first.fence, 1, true).await, StartedCall::LostLease);
    let two = round(1, &[CallState::Started]);
    assert!(!world.store.record_round(place(first.fence, 1, 0), &two).await.unwrap());
    assert!(world.store.record_round(place(second.fence, 1, 0), &two).await.unwrap());
    assert_eq!(world.store.tool_rounds(reference, 1).await.unwrap(), [one, two]);
    assert!(world.store.tool_rounds(&world.reference("d"), 1).await.unwrap().is_empty());
    // And once it is settled, nobody does.
    let settlement = world.settlement(&submission, &second).await;
    aiva_core::ports::MessageStore::settle(&*world.store, &settlement).await.unwrap();
    assert_eq!(start(second.fence, 1, true).await, StartedCall::LostLease);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_starts_of_one_call_at_once_one_succeeds() {
    let world = World::rich(4).await;
    let submission = world.submitted("c").await;
    let owed = world.claimed(&submission, &lease("a", 2)).await;
    let reference = submission.conversation.reference.clone();
    let place = CallPlace { reference: &reference, seq: 1, fence: owed.fence, round: 0, index: 0 };
    assert!(world.store.record_round(place, &round(0, &[CallState::Planned])).await.unwrap());
    let mut tasks = JoinSet::new();
    for _ in 0..30 {
        let (store, reference, fence) = (Arc::clone(&world.store), reference.clone(), owed.fence);
        tasks.spawn(async move {
            let reference = &reference;
            let place = CallPlace { reference, seq: 1, fence, round: 0, index: 0 };
            store.start_call(place, false).await.unwrap()
        });
    }
    let started = tasks.join_all().await;
    assert_eq!(started.iter().filter(|started| **started == StartedCall::Yes).count(), 1);
}
