//! One simulated deployment: real use cases and real adapters over the embedded engines.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aiva_adapters::dynamo::{DynamoStore, create_table};
use aiva_adapters::mail::Mailer;
use aiva_adapters::objects::ObjectStore;
use aiva_adapters::secrets::{RingSource, RingVault};
use aiva_adapters::sqs::SqsQueue;
use aiva_core::app::{App, IdentitySettings, Settings};
use aiva_core::egress::EgressPolicy;
use aiva_core::error::Error;
use aiva_core::id::{MessageId, ProjectId, SourceId, WorkspaceId};
use aiva_core::key::{ApiKey, KeyId, KeyToken, RequestLimits, Scope};
use aiva_core::knowledge::{Document, Edition, KnowledgeSettings, Passage, Published};
use aiva_core::message::{SubmitCommand, SubmitReceipt};
use aiva_core::money::{MicroCredits, Rates};
use aiva_core::notice::{Notice, NoticeWhat};
use aiva_core::ports::{Clock, Entropy, KeyStore, KnowledgeIndex, Names, Ports, WorkspaceStore};
use aiva_core::project::{self, Agent, Escalation, ModelSettings, Project};
use aiva_core::text::{IdempotencyKey, Label};
use aiva_core::wallet::{self, LedgerKind, TopUpCommand};
use aiva_core::webhook::Webhook;
use aiva_core::workspace::{self, Workspace, WorkspaceLimits, WorkspaceStatus};
use aiva_embedded::{EmbeddedDynamo, EmbeddedSqs, FaultPlan, ManualClock};
use jiff::Timestamp;
use secrecy::SecretString;

use super::desk::SimDesk;
use super::endpoint::SimEndpoint;
use super::model::SimModel;
use super::money::{self, SimBank};
use super::{tools, webhooks};

pub(super) const TABLE: &str = "aiva";
pub(super) const GENERATION: &str = "generation.fifo";
pub(super) const DELIVERIES: &str = "deliveries";
const START_MS: i64 = 1_790_000_000_000;

/// A small, fast generator: good enough to drive a simulation, and the same everywhere.
#[derive(Clone)]
pub(super) struct Dice(Arc<Mutex<u64>>);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(seed ^ 0x9E37_79B9_7F4A_7C15)))
    }

    pub(super) fn next(&self) -> u64 {
        let mut state = self.0.lock().expect("no panic holds the dice");
        *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = *state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub(super) fn chance(&self, per_cent: u64) -> bool {
        self.below(100) < per_cent
    }
}

#[derive(Clone)]
pub(super) struct SimClock(pub(super) ManualClock);
impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.0.now_ms()).expect("the simulated time is a time")
    }
}

#[derive(Clone)]
pub(super) struct SimEntropy(Dice);
impl Entropy for SimEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.0.next().to_le_bytes()[..chunk.len()]);
        }
    }
}

/// No name resolves here.
pub(super) struct NoNames;
impl Names for NoNames {
    async fn addresses(&self, _host: &str) -> Vec<std::net::IpAddr> {
        Vec::new()
    }
}

pub(super) struct SimPorts;
impl Ports for SimPorts {
    type Store = DynamoStore;
    type Queue = SqsQueue;
    type Vault = RingVault<SimEntropy>;
    type Objects = ObjectStore;
    type Mailer = Mailer;
    type Names = NoNames;
    type Desk = SimDesk;
    type Clock = SimClock;
    type Entropy = SimEntropy;
}

pub(super) struct NoKnowledge;
impl KnowledgeIndex for NoKnowledge {
    fn held(&self, _project: ProjectId) -> Option<u64> {
        Some(u64::MAX)
    }
    async fn publish(&self, _edition: Edition, _documents: Vec<Document>) -> Result<(), Error> {
        Ok(())
    }
    async fn search(
        &self,
        _: Edition,
        _: &str,
        _: usize,
        _: &HashSet<SourceId>,
    ) -> Result<Vec<Passage>, Error> {
        Ok(Vec::new())
    }
}

/// What the integrator knows of a request it made.
pub(super) struct Sent {
    pub(super) command: SubmitCommand,
    /// The ids of the first answer, if one came.
    pub(super) receipt: Option<SubmitReceipt>,
    /// Whether it was refused for want of money; it is then not sent again.
    pub(super) refused: bool,
}

pub(super) struct World {
    pub(super) dice: Dice,
    pub(super) clock: ManualClock,
    pub(super) faults: FaultPlan,
    pub(super) app: App<SimPorts>,
    /// The same deployment without faults, for looking at the truth.
    pub(super) truth: App<SimPorts>,
    /// The table itself, without faults.
    pub(super) table: aws_sdk_dynamodb::Client,
    /// The database itself, for letting time pass in it.
    pub(super) engine: EmbeddedDynamo,
    pub(super) sqs: aws_sdk_sqs::Client,
    pub(super) generation_url: String,
    pub(super) deliveries_url: String,
    /// Where replies are written, by workers and by requests that wait.
    pub(super) desk: SimDesk,
    pub(super) endpoint: Arc<SimEndpoint>,
    pub(super) bank: SimBank,
    /// What one generation holds.
    pub(super) worst_case: MicroCredits,
    pub(super) workspace: Workspace,
    pub(super) key: KeyId,
    /// Who else is told what happens.
    pub(super) webhooks: Vec<Webhook>,
    pub(super) sent: Vec<Sent>,
    pub(super) credited: i64,
    pub(super) invocations: u64,
    /// What one of the delivery workers remembers.
    pub(super) breakers: Arc<aiva_core::delivery::KnownBreakers>,
}

impl World {
    pub(super) async fn new(seed: u64) -> Self {
        let dice = Dice::new(seed);
        let clock = ManualClock::new(START_MS);
        let dynamo = EmbeddedDynamo::memory_with_clock(&clock).expect("memory");
        let sqs = EmbeddedSqs::memory(clock.clone().into()).expect("memory");
        let faults = FaultPlan::everything(seed, rate(&dice)).with_longest_delay(30);
        faults.set_enabled(false);
        create_table(&dynamo.client(), TABLE).await.expect("the table is made");
        let generation_url = create_queue(&sqs.client(), GENERATION).await;
        let deliveries_url = create_queue(&sqs.client(), DELIVERIES).await;
        let app = |dynamo: aws_sdk_dynamodb::Client, sqs: aws_sdk_sqs::Client| {
            let entropy = SimEntropy(dice.clone());
            let ring = SecretString::from(
                r#"{"current":"v1","v1":"simulated-key-material-of-enough-characters"}"#,
            );
            App::<SimPorts> {
                store: DynamoStore::new(dynamo, TABLE.to_owned()),
                queue: SqsQueue::new(
                    sqs,
                    Some(generation_url.clone()),
                    Some(deliveries_url.clone()),
                ),
                vault: RingVault::new(RingSource::Fixed(ring), entropy.clone()),
                objects: ObjectStore::Off,
                mailer: Mailer::Off,
                names: NoNames,
                clock: SimClock(clock.clone()),
                entropy,
                settings: deployment(),
            }
        };
        let truth = app(dynamo.client(), sqs.client());
        let faulty = app(dynamo.client_with_faults(&faults), sqs.client_with_faults(&faults));
        let patience = [None, Some(2), Some(4)][usize::try_from(dice.below(3)).expect("small")];
        let (workspace, key, webhooks) = found(&truth, patience, &dice).await;
        let worst_case = worst_case(&truth, &workspace).await;
        let endpoint = Arc::new(SimEndpoint::new(dice.clone()));
        let mut world = Self {
            worst_case,
            bank: SimBank::new(dice.clone()),
            desk: SimDesk::new(SimModel::new(dice.clone()), Arc::clone(&endpoint)),
            endpoint,
            table: dynamo.client(),
            engine: dynamo.clone(),
            sqs: sqs.client_with_faults(&faults),
            app: faulty,
            dice,
            clock,
            faults,
            truth,
            generation_url,
            deliveries_url,
            workspace,
            key,
            webhooks,
            sent: Vec::new(),
            credited: 0,
            invocations: 0,
            breakers: Arc::default(),
        };
        world.top_up(12).await;
        world.faults.set_enabled(true);
        world
    }

    /// Brings in credit for so many worst cases, and half of one.
    pub(super) async fn top_up(&mut self, worst_cases: i64) {
        let worst = self.worst_case.0;
        let amount = MicroCredits(worst * worst_cases + worst / 2);
        let idempotency =
            IdempotencyKey::parse("k", &format!("top-up-{}", self.dice.next())).expect("a key");
        let command = TopUpCommand { kind: LedgerKind::TopUp, amount, idempotency };
        // Sent until it is answered, twice each time: it counts once.
        loop {
            let tried =
                wallet::top_up(&self.app.store, &self.app, &self.workspace, command.clone()).await;
            let again =
                wallet::top_up(&self.app.store, &self.app, &self.workspace, command.clone()).await;
            if tried.is_ok() || again.is_ok() {
                self.credited += amount.0;
                return;
            }
        }
    }

    pub(super) fn advance(&self, step: Duration) {
        self.clock.advance(step);
    }
}

fn deployment() -> Settings {
    Settings {
        powered_by: "Assistify".to_owned(),
        egress: EgressPolicy::default(),
        outbox_grace_ms: 20_000,
        answer_within_ms: 27_000,
        stream_within_ms: 27_000,
        write_within_ms: 85_000,
        render: aiva_dialects::telling::render,
        identity: IdentitySettings::default(),
        knowledge: KnowledgeSettings::default(),
        payments: money::collected_by_stripe(),
    }
}

async fn worst_case(app: &App<SimPorts>, workspace: &Workspace) -> MicroCredits {
    let found = project::resolve(&app.store, workspace.id, "default").await.expect("a project");
    wallet::view(&app.store, workspace, &found, app.clock.now()).await.expect("a wallet").worst_case
}

/// From calm to a storm.
fn rate(dice: &Dice) -> u16 {
    [0, 5, 20, 60, 120][usize::try_from(dice.below(5)).expect("small")]
}

pub(super) fn settings() -> ModelSettings {
    ModelSettings { max_input_tokens: 2_000, max_output_tokens: 100 }
}

async fn create_queue(client: &aws_sdk_sqs::Client, name: &str) -> String {
    use aws_sdk_sqs::types::QueueAttributeName as Attribute;
    let mut request = client.create_queue().queue_name(name);
    request = request.attributes(Attribute::VisibilityTimeout, "60");
    if name.ends_with(".fifo") {
        request = request.attributes(Attribute::FifoQueue, "true");
    }
    request.send().await.expect("the queue is made").queue_url.expect("a queue has a URL")
}

async fn found(
    app: &App<SimPorts>,
    low_confidence_turns: Option<u8>,
    dice: &Dice,
) -> (Workspace, KeyId, Vec<Webhook>) {
    let now = app.clock.now();
    let id = WorkspaceId::new(now, &app.entropy);
    let workspace = Workspace {
        id,
        name: Label::parse("name", "Simulated").expect("a label"),
        email: "owner@example.com".to_owned(),
        status: WorkspaceStatus::Pending,
        plan: money::plan(dice),
        limits: WorkspaceLimits::default(),
        rates: Rates::default(),
        wallet_shards: 3,
        reopen_on_message: true,
        request: workspace::AccessRequest::default(),
        created_at: now,
    };
    let project = Project {
        id: workspace::default_project(id),
        workspace: id,
        name: Label::parse("name", "Default").expect("a label"),
        domain: None,
        agent: Agent {
            model: settings(),
            escalation: Escalation { low_confidence_turns, ..Escalation::default() },
            ..Agent::default()
        },
        knowledge_version: 0,
        tools: aiva_core::tool::Toolset::default(),
        webhooks: Vec::new(),
        knowledge: Published::default(),
        created_at: now,
    };
    app.store.create_workspace(&workspace, &project).await.expect("the workspace is stored");
    let notice = Notice {
        workspace: id,
        name: "approved".to_owned(),
        what: NoticeWhat::Approved { credit: MicroCredits::ZERO },
        created_at: now,
    };
    assert!(app.store.activate_workspace(&notice).await.expect("the workspace is activated"));
    let workspace = Workspace { status: WorkspaceStatus::Active, ..workspace };
    tools::offer(app, &workspace).await;
    money::set_rules(app, &workspace, worst_case(app, &workspace).await).await;
    let key = api_key(app, &workspace).await;
    let webhooks = webhooks::subscribe(app, &workspace, dice).await;
    (workspace, key, webhooks)
}

async fn api_key(app: &App<SimPorts>, workspace: &Workspace) -> KeyId {
    use aiva_core::callback::{Callback, CallbackSecret, new_secret};
    use aiva_core::ports::Vault;
    let now = app.clock.now();
    let id =
        KeyId { workspace: workspace.id, key: aiva_core::id::BareKeyId::new(now, &app.entropy) };
    let token = KeyToken::new(id, &app.entropy);
    let sealed = app.vault.seal(workspace.id, &new_secret(&app.entropy)).await.expect("sealed");
    let key = ApiKey {
        id,
        project: workspace.default_project(),
        name: Label::parse("name", "simulated").expect("a label"),
        scopes: Scope::ALL.iter().copied().collect(),
        dialect: aiva_core::dialect::Dialect::Aiva,
        revoked_at: None,
        expires_at: None,
        own_limits: RequestLimits::default(),
        limits: RequestLimits::default(),
        callback: Some(Callback {
            url: "https://receiver.example/hook?token=1".to_owned(),
            secrets: vec![CallbackSecret { sealed, expires_at: None }],
            disabled: None,
            health: aiva_core::callback::Health::default(),
        }),
        created_at: now,
        last_used_at: None,
    };
    app.store.create_key(&key, &token.hash()).await.expect("the key is stored");
    id
}

/// Ids that an answer named, for comparing.
pub(super) fn ids(receipt: &SubmitReceipt) -> (String, MessageId) {
    (receipt.conversation.to_string(), receipt.message)
}
