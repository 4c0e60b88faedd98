//! The tools of the simulated workspace, and who may use the personal one.

use std::time::Duration;

use aiva_core::app::App;
use aiva_core::identity::{self, Confirmation, EmailAddress, LinkToken, MagicLink, revoke};
use aiva_core::message::submit;
use aiva_core::ports::{Clock, ConversationStore, IdentityStore};
use aiva_core::project;
use aiva_core::text::ExternalId;
use aiva_core::tool::{self, PutTool};
use aiva_core::workspace::Workspace;
use serde_json::json;

use super::actions::{draw, note, some_conversation};
use super::world::{SimPorts, World};

/// For anybody, and safe to repeat.
pub(super) const LOOKUP: &str = "lookup";
/// For verified contacts, and not to be repeated.
pub(super) const REFUND: &str = "refund";
/// For anybody, and not to be repeated.
pub(super) const NOTIFY: &str = "notify";

pub(super) async fn offer(app: &App<SimPorts>, workspace: &Workspace) {
    let found = project::resolve(&app.store, workspace.id, "default").await.expect("a project");
    for (name, access, repeatable) in
        [(LOOKUP, "public", true), (REFUND, "personal", false), (NOTIFY, "public", false)]
    {
        let command = PutTool {
            name: name.to_owned(),
            description: "does what its name says".to_owned(),
            parameters: json!({
                "type": "object",
                "properties": { "order": { "type": "integer" } },
                "required": ["order"]
            }),
            url: format!("https://tools.example/{name}"),
            secret: None,
            access: access.to_owned(),
            repeatable,
        };
        tool::put(app, &found, command).await.expect("the tool is saved");
    }
}

/// One of the end users proves who they are, or has the proof taken back.
pub(super) async fn change_identity(world: &mut World) {
    let user = format!("user-{}", 1 + world.dice.below(2));
    let id = ExternalId::parse("user", &user).expect("an id");
    let workspace = world.workspace.id;
    let mut verified = world.endpoint.verified.lock().expect("no panic holds the endpoint").clone();
    if verified.remove(&user) {
        revoke(&world.truth.store, &world.truth.clock, workspace, &id)
            .await
            .expect("it is taken back");
    } else {
        verify(world, id).await;
        verified.insert(user);
    }
    *world.endpoint.verified.lock().expect("no panic holds the endpoint") = verified;
}

/// By a link that names a conversation or none; often while somebody writes.
async fn verify(world: &mut World, user: ExternalId) {
    let (app, workspace) = (&world.truth, world.workspace.id);
    let now = app.clock.now();
    let token = LinkToken::new(workspace, &app.entropy);
    let named = world.dice.chance(60).then(|| some_conversation(world));
    let link = MagicLink {
        hash: token.hash(),
        workspace,
        workspace_name: world.workspace.name.clone(),
        project: world.workspace.default_project(),
        key: world.key,
        user,
        email: EmailAddress::parse("email", "user@example.com").expect("an address"),
        conversation: named.as_ref().map(|reference| reference.external.clone()),
        return_url: None,
        created_at: now,
        expires_at: now + Duration::from_secs(900),
        used_at: None,
    };
    app.store.create_link(&link).await.expect("the link is stored");
    let before = match &named {
        Some(reference) => app.store.conversation(reference).await.expect("readable"),
        None => None,
    };
    let serial = world.dice.chance(50).then(|| draw(world));
    let text = token.reveal();
    let confirmed = identity::confirm(&world.truth, &text);
    let confirmed = match serial {
        None => confirmed.await,
        Some(serial) => {
            let command = world.sent[serial].command.clone();
            let (confirmed, said) = tokio::join!(confirmed, submit(&world.app, command, None));
            note(world, serial, vec![said]);
            confirmed
        }
    };
    assert!(matches!(confirmed, Ok(Confirmation::Done { .. })), "{confirmed:?}");
    if let (Some(_), Some(reference)) = (before, named) {
        let after = world.truth.store.conversation(&reference).await.expect("readable");
        let person = after.expect("it is still there").person;
        assert!(person.user.is_some(), "a confirmed conversation knows nobody");
    }
}
