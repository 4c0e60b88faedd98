//! What a model may do with tools, where the model itself is not to be trusted.

use std::sync::{Arc, Mutex};

use aiva_core::conversation::ConversationRef;
use aiva_core::delivery::DeliveryFilter;
use aiva_core::id::WorkspaceId;
use aiva_core::identity::{EmailAddress, LinkToken, LinkUse, MagicLink, revoke};
use aiva_core::message::{Message, Visibility};
use aiva_core::page::Limit;
use aiva_core::ports::{Clock, ConversationStore, DeliveryStore, IdentityStore, Model};
use aiva_core::reply::{ModelCall, ModelError, ModelReply, ModelRequest, Stance};
use aiva_core::text::{ExternalId, Label};
use aiva_core::workspace;
use aiva_dialects::Edge;
use serde_json::{Value, json};

use crate::world::{OPERATOR_TOKEN, TestPorts, World, request};

/// What a model says, and what it wants done.
type Said = (&'static str, &'static [(&'static str, &'static str)]);

/// A model that says what it was told to, one after the other and the last for ever, and remembers what
/// it was asked.
#[derive(Default)]
struct Puppet {
    says: Mutex<Vec<Said>>,
    asked: Mutex<Vec<ModelRequest>>,
    /// Whose proof is taken back while the model thinks.
    revokes: Option<(Arc<Edge<TestPorts>>, WorkspaceId, ExternalId)>,
}

impl Puppet {
    fn saying(says: &[Said]) -> Self {
        Self { says: Mutex::new(says.iter().rev().copied().collect()), ..Self::default() }
    }

    fn asked(&self) -> Vec<ModelRequest> {
        self.asked.lock().unwrap().clone()
    }
}

impl Model for Puppet {
    async fn reply(
        &self,
        request: &ModelRequest,
        _on_delta: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<ModelReply, ModelError> {
        self.asked.lock().unwrap().push(request.clone());
        if let Some((edge, workspace, user)) = &self.revokes {
            // The second time there is nothing to take back.
            let _ = revoke(&edge.app.store, &edge.app.clock, *workspace, user).await;
        }
        let (text, calls) = {
            let mut says = self.says.lock().unwrap();
            if says.len() > 1 { says.pop().unwrap() } else { says[0] }
        };
        let calls = calls.iter().map(|(tool, arguments)| ModelCall {
            id: (*tool).to_owned(),
            tool: (*tool).to_owned(),
            arguments: (*arguments).to_owned(),
        });
        let (text, calls) = (text.to_owned(), calls.collect());
        Ok(ModelReply { text, stance: Stance::Quotes, usage: None, cited: vec![0], calls })
    }
}

fn user(name: &str) -> ExternalId {
    ExternalId::parse("user", name).unwrap()
}

fn shop(world: &World) -> WorkspaceId {
    world.names["shop"].parse().unwrap()
}

async fn offer(world: &World, name: &str, access: &str) {
    let body = json!({
        "description": "looks an account up", "parameters": {}, "access": access,
        "url": "https://shop.example.com/account",
    });
    let path = format!("/admin/v1/workspaces/{}/projects/default/tools/{name}", shop(world));
    let asked = request("PUT", &path, Some(OPERATOR_TOKEN), &body.to_string());
    assert_eq!(world.send(asked).await.status(), 201);
}

async fn verify(world: &World, name: &str) {
    let (app, workspace) = (&*world.edge.app, shop(world));
    let (now, token) = (app.now(), LinkToken::new(workspace, app));
    let link = MagicLink {
        hash: token.hash(),
        workspace,
        workspace_name: Label::parse("name", "Shop").unwrap(),
        project: workspace::default_project(workspace),
        key: any_key(workspace),
        user: user(name),
        email: EmailAddress::parse("email", "ada@example.com").unwrap(),
        conversation: None,
        return_url: None,
        created_at: now,
        expires_at: now + std::time::Duration::from_secs(900),
        used_at: None,
    };
    app.store.create_link(&link).await.unwrap();
    let verified_until = now + std::time::Duration::from_secs(86_400);
    let (hash, user) = (token.hash(), user(name));
    let used = LinkUse {
        workspace,
        hash,
        user,
        now,
        verified_until,
        merged: None,
        deliveries: Vec::new(),
    };
    app.store.use_link(&used).await.unwrap();
}

fn any_key(workspace: WorkspaceId) -> aiva_core::key::KeyId {
    let key = aiva_core::id::BareKeyId::from_bare(&"0".repeat(26)).unwrap();
    aiva_core::key::KeyId { workspace, key }
}

/// Says something in the one conversation of these tests, and lets the model answer.
async fn say(world: &World, who: Option<&str>, model: &Puppet) -> Message {
    world.wait(1);
    let number = world.edge.app.now().as_second();
    let body = json!({
        "externalConversationId": "order-1", "externalUserId": who, "content": "I am verified.",
        "idempotencyKey": format!("00000000-0000-4000-8000-{number:012}"),
    });
    let sent = request("POST", "/api/v1/messages", Some(&world.names["key"]), &body.to_string());
    assert_eq!(world.send(sent).await.status(), 202);
    world.reply_with(model).await;
    messages(world).await.pop().unwrap()
}

async fn messages(world: &World) -> Vec<Message> {
    let workspace = shop(world);
    let reference = ConversationRef {
        workspace,
        project: workspace::default_project(workspace),
        external: ExternalId::parse("id", "order-1").unwrap(),
    };
    world.edge.app.store.messages_after(&reference, 0, 100).await.unwrap()
}

const ACCOUNT: Said = ("", &[("account", "{}")]);

#[tokio::test]
async fn a_personal_tool_is_not_even_offered_to_whom_nobody_verified() {
    let world = World::new().await;
    offer(&world, "account", "personal").await;
    offer(&world, "opening_hours", "public").await;
    verify(&world, "bob").await;
    for who in [None, Some("ada")] {
        let model = Puppet::saying(&[ACCOUNT, ("No.", &[])]);
        let reply = say(&world, who, &model).await;
        assert_eq!(reply.visibility, Visibility::Public);
        let offered: Vec<_> = model.asked()[0].tools.iter().map(|tool| tool.name.clone()).collect();
        assert_eq!(offered, ["escalate_to_human", "opening_hours"]);
        assert!(model.asked()[1].rounds[0].calls[0].1.failed);
    }
    assert!(world.outside.bodies().is_empty());
    let model = Puppet::saying(&[ACCOUNT, ("Here you are.", &[])]);
    assert_eq!(say(&world, Some("bob"), &model).await.visibility, Visibility::Private);
    assert_eq!(model.asked()[0].tools.len(), 3);
    assert_eq!(world.outside.bodies().len(), 1);
}

#[tokio::test]
async fn a_proof_that_is_taken_back_while_the_model_thinks_unlocks_nothing() {
    let world = World::new().await;
    offer(&world, "account", "personal").await;
    verify(&world, "ada").await;
    let model = Puppet {
        revokes: Some((Arc::clone(&world.edge), shop(&world), user("ada"))),
        ..Puppet::saying(&[ACCOUNT, ("I cannot see it.", &[])])
    };
    say(&world, Some("ada"), &model).await;
    let answer = model.asked()[1].rounds[0].calls[0].1.clone();
    assert_eq!(answer.text, "the customer is not verified any more");
    assert!(world.outside.bodies().is_empty());
}

#[tokio::test]
async fn what_is_private_stays_with_its_contact_and_makes_private_what_rests_on_it() {
    let world = World::new().await;
    offer(&world, "account", "personal").await;
    verify(&world, "ada").await;
    verify(&world, "bob").await;
    let secret = "Your balance is twelve.";
    say(&world, Some("ada"), &Puppet::saying(&[ACCOUNT, (secret, &[])])).await;
    let holds =
        |model: &Puppet| model.asked()[0].history.iter().any(|turn| turn.text.contains("twelve"));
    for who in [Some("bob"), None] {
        let model = Puppet::saying(&[("Hello.", &[])]);
        assert_eq!(say(&world, who, &model).await.visibility, Visibility::Public);
        assert!(!holds(&model), "{who:?} was shown what is Ada's");
    }
    let model = Puppet::saying(&[("As I said: twelve.", &[])]);
    assert_eq!(say(&world, Some("ada"), &model).await.visibility, Visibility::Private);
    assert!(holds(&model));
    // Once her proof has ended, her own name opens it no more.
    world.wait(86_400);
    let model = Puppet::saying(&[("Hello.", &[])]);
    assert_eq!(say(&world, Some("ada"), &model).await.visibility, Visibility::Public);
    assert!(!holds(&model));
}

#[tokio::test]
async fn a_model_without_end_is_asked_five_times_and_may_not_call_the_last_time() {
    let world = World::new().await;
    offer(&world, "account", "public").await;
    let model = Puppet::saying(&[("More.", &[("account", "{}")])]);
    let reply = say(&world, None, &model).await;
    assert_eq!(reply.content.as_str(), ["More."; 5].join("\n\n"));
    let may_call: Vec<bool> = model.asked().iter().map(|asked| asked.may_call).collect();
    assert_eq!(may_call, [true, true, true, true, false]);
    assert_eq!(world.outside.bodies().len(), 4);
}

#[tokio::test]
async fn the_model_may_hand_over_with_its_own_words_or_without_any() {
    const WITH: Said = (
        "A colleague will look at it.",
        &[("escalate_to_human", r#"{"reason": "broken twice", "summary": "Wants a new one."}"#)],
    );
    const WITHOUT: Said = ("", &[("escalate_to_human", "")]);
    let words = [
        (WITH, "A colleague will look at it.", "broken twice", "Wants a new one."),
        (
            WITHOUT,
            "I'm handing you over to a colleague, who will take it from here.",
            "agent_decision",
            "2 messages so far. Last from the visitor: I am verified.",
        ),
    ];
    for (said, text, reason, summary) in words {
        let mut world = World::new().await;
        let hook = json!({
            "name": "hook", "scopes": ["messages:write"], "callbackUrl": "https://shop.example.com/",
        });
        let path = format!("/admin/v1/workspaces/{}/keys", shop(&world));
        let made =
            world.send(request("POST", &path, Some(OPERATOR_TOKEN), &hook.to_string())).await;
        let made = axum::body::to_bytes(made.into_body(), usize::MAX).await.unwrap();
        let made: Value = serde_json::from_slice(&made).unwrap();
        world.names.insert("key".to_owned(), made["data"]["key"].as_str().unwrap().to_owned());
        let model = Puppet::saying(&[said]);
        let reply = say(&world, None, &model).await;
        assert_eq!((reply.content.as_str(), model.asked().len()), (text, 1));
        let filter = DeliveryFilter::default();
        let store = &world.edge.app.store;
        let log = store.deliveries(shop(&world), &filter, None, Limit::of(9)).await.unwrap().items;
        let bodies = log.iter().map(|delivery| serde_json::from_str(&delivery.payload).unwrap());
        let bodies: Vec<Value> = bodies.collect();
        let handoff = bodies.iter().find(|body| body["event"] == "conversation.handoff").unwrap();
        assert_eq!((&handoff["reason"], &handoff["summary"]), (&json!(reason), &json!(summary)));
        assert!(bodies.iter().any(|body| body["event"] == "ai.reply"));
        let again = json!({
            "externalConversationId": "order-1", "content": "And?",
            "idempotencyKey": "00000000-0000-4000-8000-00000000000f",
        });
        let key = world.names["key"].clone();
        let sent = request("POST", "/api/v1/messages", Some(&key), &again.to_string());
        let answer = axum::body::to_bytes(world.send(sent).await.into_body(), 9_999).await.unwrap();
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        assert_eq!(answer["data"]["reason"], "HUMAN_OWNED");
    }
}
