//! What can happen in one step, and how everything comes to rest.

use std::time::Duration;

use aiva_core::contact::Details;
use aiva_core::conversation::{self, AgentReply, ConversationRef, Source};
use aiva_core::delivery::{self, DeliverySettings, RetrySchedule};
use aiva_core::error::{Conflict, Error};
use aiva_core::id::{ConversationId, WorkspaceId};
use aiva_core::idempotency::Seeded;
use aiva_core::key::{self, KeyPatch};
use aiva_core::message::{SubmitCommand, SubmitReceipt, SubmitStatus, submit};
use aiva_core::outbox::{self, DeliveryJob, GenerationJob};
use aiva_core::payment;
use aiva_core::ports::{Clock, ConversationStore, Desk, Entropy};
use aiva_core::recovery::{self, RecoverCommand};
use aiva_core::reply::{self, GenerationSettings};
use aiva_core::text::{Content, ExternalId, IdempotencyKey, Label};
use aiva_core::webhook::{self, WebhookPatch};

use super::world::{Sent, World, ids};
use super::{asking, tools, webhooks};

/// One step: somebody does something, or a process dies in the middle of it.
pub(super) async fn step(world: &mut World) {
    // The process that acts next dies after a few of its requests.
    if world.dice.chance(15) {
        world.faults.halt_after(world.dice.below(6));
    }
    match world.dice.below(100) {
        0..20 => submit_new(world).await,
        20..28 => asking::ask(world).await,
        28..37 => submit_again(world).await,
        37..40 => submit_changed(world).await,
        40..46 => act_as_human(world).await,
        46..48 => tend_the_endpoint(world).await,
        48..68 => generate(world).await,
        68..84 => deliver(world).await,
        84..92 => {
            let _ = outbox::sweep(&world.app).await;
        }
        92..95 => {
            world.faults.revive();
            world.top_up(3).await;
        }
        95..97 => tools::change_identity(world).await,
        97..100 => {
            let _ = payment::collect_due(&world.app, &world.bank).await;
        }
        _ => {}
    }
    world.faults.revive();
    world.advance(Duration::from_millis(world.dice.below(20_000)));
}

async fn submit_new(world: &mut World) {
    let serial = draw(world);
    send(world, serial).await;
}

/// Somebody thinks of something to say; the number of it.
pub(super) fn draw(world: &mut World) -> usize {
    let reference = some_conversation(world);
    let user = match world.dice.below(3) {
        0 => None,
        user => Some(ExternalId::parse("user", &format!("user-{user}")).expect("an id")),
    };
    let serial = world.sent.len();
    let wish = if world.dice.chance(5) { ". I want to talk to a human" } else { "" };
    let mail = if world.dice.chance(10) { webhooks::address(serial) } else { String::new() };
    let said = format!("question {serial}{wish}{mail}");
    let command = SubmitCommand {
        background: None,
        details: Details::default(),
        source: Source::Api,
        minted: None,
        reference,
        user,
        content: Content::parse("content", &said).expect("content"),
        idempotency: IdempotencyKey::parse("key", &format!("message-{serial}")).expect("a key"),
        key: world.key,
    };
    world.sent.push(Sent { command, receipt: None, refused: false });
    serial
}

pub(super) fn some_conversation(world: &World) -> ConversationRef {
    let external = format!("order-{}", world.dice.below(3));
    ConversationRef {
        workspace: world.workspace.id,
        project: world.workspace.default_project(),
        external: ExternalId::parse("conversation", &external).expect("an id"),
    }
}

/// Somebody in the inbox does something to a conversation, allowed or not, alone or beside another.
async fn act_as_human(world: &mut World) {
    let reference = some_conversation(world);
    let found = world.truth.store.conversation(&reference).await.expect("the truth is readable");
    let Some(conversation) = found else { return };
    let place = (world.workspace.id, conversation.id);
    match world.dice.below(10) {
        0..3 => {
            let (ann, bob) = (name("Ann"), name("Bob"));
            let one = conversation::take_over(&world.app, place, &ann);
            if world.dice.chance(30) {
                let two = conversation::take_over(&world.app, place, &bob);
                let (one, two) = tokio::join!(one, two);
                assert!(one.is_err() || two.is_err(), "two agents took one conversation over");
                allowed(one);
                allowed(two);
            } else {
                allowed(one.await);
            }
        }
        3..6 => say_as_human(world, place).await,
        6..9 => allowed(conversation::hand_back(&world.app, place, false).await),
        _ => allowed(conversation::resolve(&world.app, place).await),
    }
}

fn name(text: &str) -> Label {
    Label::parse("name", text).expect("a label")
}

/// Done, refused for its state, or worth another try: nothing else may come of it.
fn allowed<T>(outcome: Result<T, Error>) {
    match outcome {
        Ok(_) | Err(Error::Conflict(Conflict::State(_))) => {}
        Err(error) => assert!(error.is_retryable(), "{error:?}"),
    }
}

/// Sent as a request with an idempotency key is: again with the same clock and dice.
async fn say_as_human(world: &mut World, place: (WorkspaceId, ConversationId)) {
    let mut seed = [0; 32];
    world.app.fill(&mut seed);
    let began = world.app.now();
    let content = format!("human {}", world.invocations);
    world.invocations += 1;
    let mut stored = None;
    for _ in 0..3 {
        let content = Content::parse("content", &content).expect("content");
        let agent = name(if world.dice.chance(80) { "Ann" } else { "Bob" });
        let said = AgentReply { agent, content };
        let env = Seeded::new(began, seed);
        let outcome = conversation::reply_as_agent(&world.app, &env, place, said).await;
        if let Ok(message) = &outcome {
            let first = *stored.get_or_insert(message.id);
            assert_eq!(first, message.id, "one request stored two messages");
        }
        allowed(outcome);
    }
}

/// Sends a request, twice at once now and then, and keeps what was answered.
async fn send(world: &mut World, serial: usize) {
    let command = world.sent[serial].command.clone();
    let answers = if world.dice.chance(20) {
        let twice = (submit(&world.app, command.clone(), None), submit(&world.app, command, None));
        let (one, two) = tokio::join!(twice.0, twice.1);
        vec![one, two]
    } else {
        vec![submit(&world.app, command, None).await]
    };
    note(world, serial, answers);
}

/// Keeps what a request was answered, which must not contradict what it was answered before.
pub(super) fn note(world: &mut World, serial: usize, answers: Vec<Result<SubmitReceipt, Error>>) {
    let queued = |answer: &Result<SubmitReceipt, Error>| {
        answer.as_ref().is_ok_and(|receipt| receipt.status == SubmitStatus::Queued)
    };
    let sent = &mut world.sent[serial];
    let known = sent.receipt.is_some();
    assert!(
        answers.iter().filter(|answer| queued(answer)).count() <= 1,
        "one key was queued twice"
    );
    for answer in answers {
        match answer {
            Ok(receipt) => {
                assert!(!known || receipt.status == SubmitStatus::Duplicate, "a replay was queued");
                let first = sent.receipt.get_or_insert_with(|| receipt.clone());
                assert_eq!(ids(first), ids(&receipt), "a replay named other ids");
            }
            Err(Error::InsufficientCredits) => {
                assert!(!known, "an accepted message was refused later");
                sent.refused = true;
            }
            Err(error) => assert!(error.is_retryable(), "{error:?}"),
        }
    }
    // A refusal beside an acceptance of the same moment is the loser of a race, not a refusal.
    sent.refused &= sent.receipt.is_none();
}

async fn submit_again(world: &mut World) {
    if world.sent.is_empty() {
        return;
    }
    let serial = usize::try_from(world.dice.below(world.sent.len() as u64)).expect("small");
    if !world.sent[serial].refused {
        send(world, serial).await;
    }
}

async fn submit_changed(world: &mut World) {
    let accepted: Vec<_> = world.sent.iter().filter(|sent| sent.receipt.is_some()).collect();
    if accepted.is_empty() {
        return;
    }
    let picked = usize::try_from(world.dice.below(accepted.len() as u64)).expect("small");
    let content = Content::parse("content", "something else").expect("content");
    let command = SubmitCommand { content, ..accepted[picked].command.clone() };
    match submit(&world.app, command, None).await {
        Err(Error::Conflict(Conflict::IdempotencyKeyReused)) => {}
        Err(error) => assert!(error.is_retryable(), "{error:?}"),
        Ok(_) => panic!("another body under a used key was accepted"),
    }
}

/// The operator switches the endpoint off or on, or has what it missed sent again.
async fn tend_the_endpoint(world: &mut World) {
    match world.dice.below(6) {
        0 => switch(world, false).await,
        1..4 => switch(world, true).await,
        _ => recover(world).await,
    }
}

async fn switch(world: &World, on: bool) {
    let patch = KeyPatch { callback_enabled: Some(on), ..KeyPatch::default() };
    let (app, workspace) = (&world.app, &world.workspace);
    allowed(key::update(app, app, workspace, world.key, patch).await);
    for webhook in &world.webhooks {
        let patch = WebhookPatch { enabled: Some(on), ..WebhookPatch::default() };
        allowed(webhook::update(app, workspace.id, webhook.id, patch).await);
    }
}

/// Asked three times with the same name, as a request with an idempotency key is.
async fn recover(world: &mut World) {
    let mut seed = [0; 32];
    world.app.fill(&mut seed);
    let env = || Seeded::new(world.app.now(), seed);
    let command = RecoverCommand {
        since: world.workspace.created_at.to_string(),
        rate_per_second: Some(5),
        ..RecoverCommand::default()
    };
    for _ in 0..3 {
        allowed(recovery::start(&world.app, &env(), world.workspace.id, command.clone()).await);
    }
}

/// Takes messages off a queue; a failing receive takes none.
async fn receive(world: &World, url: &str) -> Vec<(String, String)> {
    let request = world.sqs.receive_message().queue_url(url).max_number_of_messages(5);
    let Ok(answer) = request.wait_time_seconds(0).send().await else { return Vec::new() };
    let messages = answer.messages.unwrap_or_default().into_iter();
    messages.filter_map(|message| Some((message.body?, message.receipt_handle?))).collect()
}

async fn delete(world: &World, url: &str, handle: &str) {
    let _ = world.sqs.delete_message().queue_url(url).receipt_handle(handle).send().await;
}

pub(super) fn holder(world: &mut World) -> String {
    world.invocations += 1;
    format!("invocation-{}", world.invocations)
}

async fn generate(world: &mut World) {
    let url = world.generation_url.clone();
    for (body, handle) in receive(world, &url).await {
        let job: GenerationJob = serde_json::from_str(&body).expect("the queue carries jobs");
        let lease = Duration::from_secs(30);
        let one = GenerationSettings { holder: holder(world), epoch: 0, lease };
        let two = GenerationSettings { holder: holder(world), epoch: 0, lease };
        let nobody = &|_: &str| {};
        let first = world.desk.generate(&world.app, &job, &one, nobody);
        // Two workers on one message, now and then.
        let outcome = if world.dice.chance(25) {
            let second = world.desk.generate(&world.app, &job, &two, nobody);
            tokio::join!(first, second).0
        } else {
            first.await
        };
        if let Ok(reply::Generated::Done) = outcome {
            delete(world, &url, &handle).await;
        }
    }
}

async fn deliver(world: &mut World) {
    let url = world.deliveries_url.clone();
    for (body, handle) in receive(world, &url).await {
        let job: DeliveryJob = serde_json::from_str(&body).expect("the queue carries jobs");
        // Some of the time a process that has seen the endpoint's breaker before, else a fresh one.
        let known = world.dice.chance(50).then(|| std::sync::Arc::clone(&world.breakers));
        let settings = |holder| DeliverySettings {
            holder,
            epoch: 0,
            breakers: known.clone().unwrap_or_default(),
            timeout: Duration::from_secs(5),
            schedule: RetrySchedule::parse("5,30,120,600,1800,1800,1800").expect("a schedule"),
        };
        let (one, two) = (settings(holder(world)), settings(holder(world)));
        let first = delivery::attempt(&world.app, &*world.endpoint, &job, &one);
        let outcome = if world.dice.chance(25) {
            let second = delivery::attempt(&world.app, &*world.endpoint, &job, &two);
            tokio::join!(first, second).0
        } else {
            first.await
        };
        if let Ok(delivery::Outcome::Done | delivery::Outcome::HeldBack) = outcome {
            delete(world, &url, &handle).await;
        }
    }
}

/// Ends all misfortune and lets the deployment come to rest: requests without an answer are sent once
/// more, and time passes until nothing is owed.
pub(super) async fn settle_everything(world: &mut World) {
    world.faults.revive();
    world.faults.set_enabled(false);
    *world.bank.healthy.lock().expect("no panic holds the bank") = true;
    *world.endpoint.healthy.lock().expect("no panic holds the endpoint") = true;
    switch(world, true).await;
    recover(world).await;
    for serial in 0..world.sent.len() {
        if world.sent[serial].receipt.is_none() && !world.sent[serial].refused {
            send(world, serial).await;
        }
    }
    for _ in 0..40 {
        world.advance(Duration::from_secs(3_700));
        let report = outbox::sweep(&world.app).await.expect("a calm sweep works");
        let asked = payment::collect_due(&world.app, &world.bank).await.expect("calm too");
        for _ in 0..20 {
            generate(world).await;
            deliver(world).await;
        }
        if report == outbox::SweepReport::default() && asked == 0 {
            return;
        }
    }
    panic!("something is owed for ever");
}

/// A day later, when all that expires has expired, every accepted request is sent once more: nothing
/// may come of it.
pub(super) async fn repeat_everything_a_day_later(world: &mut World) {
    world.advance(Duration::from_secs(25 * 3_600));
    world.engine.sweep_ttl().expect("the database expires what it should");
    for serial in 0..world.sent.len() {
        if world.sent[serial].receipt.is_some() {
            send(world, serial).await;
        }
    }
}
