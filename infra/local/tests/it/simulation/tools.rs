//! The tools of the simulated workspace, and who may use the personal one.

use std::time::Duration;

use aiva_core::app::App;
use aiva_core::id::WorkspaceId;
use aiva_core::identity::{EmailAddress, LinkToken, LinkUse, MagicLink, revoke};
use aiva_core::ports::{Clock, IdentityStore};
use aiva_core::project;
use aiva_core::text::ExternalId;
use aiva_core::tool::{self, PutTool};
use aiva_core::workspace::Workspace;
use serde_json::json;

use super::world::{SimPorts, World};

/// For anybody, and safe to repeat.
pub(super) const LOOKUP: &str = "lookup";
/// For verified contacts, and not to be repeated.
pub(super) const REFUND: &str = "refund";
/// For anybody, and not to be repeated.
pub(super) const NOTIFY: &str = "notify";

const YEARS: Duration = Duration::from_secs(10 * 365 * 86_400);

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
pub(super) async fn change_identity(world: &World) {
    let user = format!("user-{}", 1 + world.dice.below(2));
    let id = ExternalId::parse("user", &user).expect("an id");
    let workspace = world.workspace.id;
    let mut verified = world.endpoint.verified.lock().expect("no panic holds the endpoint").clone();
    if verified.remove(&user) {
        revoke(&world.truth.store, &world.truth.clock, workspace, &id)
            .await
            .expect("it is taken back");
    } else {
        verify(&world.truth, workspace, id, world).await;
        verified.insert(user);
    }
    *world.endpoint.verified.lock().expect("no panic holds the endpoint") = verified;
}

async fn verify(app: &App<SimPorts>, workspace: WorkspaceId, user: ExternalId, world: &World) {
    let now = app.clock.now();
    let token = LinkToken::new(workspace, &app.entropy);
    let link = MagicLink {
        hash: token.hash(),
        workspace,
        workspace_name: world.workspace.name.clone(),
        project: world.workspace.default_project(),
        key: world.key,
        user: user.clone(),
        email: EmailAddress::parse("email", "user@example.com").expect("an address"),
        conversation: None,
        return_url: None,
        created_at: now,
        expires_at: now + Duration::from_secs(900),
        used_at: None,
    };
    app.store.create_link(&link).await.expect("the link is stored");
    let used = LinkUse {
        workspace,
        hash: token.hash(),
        user,
        now,
        verified_until: now + YEARS,
        merged: None,
        deliveries: Vec::new(),
    };
    app.store.use_link(&used).await.expect("the link is used");
}
