//! A store with one workspace in it, and things to store.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aiva_adapters::dynamo::{DynamoStore, create_table};
use aiva_core::callback::{Callback, CallbackSecret, EndpointId, Event, Health};
use aiva_core::contact::Person;
use aiva_core::conversation::{Conversation, ConversationRef, ConversationStatus, Owner, Source};
use aiva_core::delivery::{Delivery, DeliveryStatus, Trigger};
use aiva_core::dialect::Dialect;
use aiva_core::id::{Id, Marker, WorkspaceId};
use aiva_core::key::{ApiKey, KeyId, RequestLimits, Scope, SecretHash};
use aiva_core::knowledge::Published;
use aiva_core::message::{
    Claimed, Disposition, Fingerprint, Lease, Message, OwedReply, Sender, Submission, Submitted,
    Visibility,
};
use aiva_core::money::{MicroCredits, Rates};
use aiva_core::outbox::Owed;
use aiva_core::ports::{
    ConversationStore, Entropy, KeyStore, MessageStore, OutboxStore, WalletStore, WorkspaceStore,
};
use aiva_core::project::{Agent, Project};
use aiva_core::reply::{Ending, Settlement};
use aiva_core::text::{Content, ExternalId, IdempotencyKey, Label};
use aiva_core::wallet::{Credit, Credited, Hold, LedgerEntry, LedgerKind, Usage, UsageSource};
use aiva_core::workspace::{
    AccessRequest, Plan, Workspace, WorkspaceLimits, WorkspaceStatus, default_project,
};
use aiva_embedded::dynamo::EmbeddedDynamo;
use aiva_embedded::{ClientOptions, FaultPlan, Recorder};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

pub(super) const SHARDS: u8 = 4;
pub(super) const TABLE: &str = "aiva";
/// What a hold of these tests sets aside.
pub(super) const HELD: MicroCredits = MicroCredits(1_000);

/// The month in which these tests happen.
pub(super) const MONTH: u32 = 202_609;

static COUNT: AtomicU64 = AtomicU64::new(0);

/// Different bytes at every call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dice;

impl Entropy for Dice {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            chunk.copy_from_slice(&Sha256::digest(count.to_le_bytes())[..chunk.len()]);
        }
    }
}

/// Seconds after the moment at which every test begins.
pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_040 + seconds).unwrap()
}

pub(super) fn id<M: Marker>(now: Timestamp) -> Id<M> {
    Id::new(now, &Dice)
}

pub(super) fn label(text: &str) -> Label {
    Label::parse("name", text).unwrap()
}

pub(super) fn external(text: &str) -> ExternalId {
    ExternalId::parse("id", text).unwrap()
}

/// One workspace with a default project and credit.
pub(super) struct World {
    pub(super) engine: EmbeddedDynamo,
    pub(super) store: Arc<DynamoStore>,
    pub(super) recorder: Recorder,
    pub(super) faults: FaultPlan,
    pub(super) workspace: Workspace,
    pub(super) project: Project,
}

impl World {
    /// Without credit and without faults.
    pub(super) async fn poor() -> Self {
        Self::with_faults(FaultPlan::new(0)).await
    }

    /// With credit for so many holds, evenly over the shards.
    pub(super) async fn rich(holds: i64) -> Self {
        let world = Self::poor().await;
        world.top_up(MicroCredits(HELD.0 * holds)).await;
        world
    }

    /// What has been due in one shard, oldest first, as far as so many marks go.
    pub(super) async fn owed(
        &self,
        shard: u8,
        now: Timestamp,
        limit: usize,
    ) -> aiva_core::error::Result<Vec<Owed>> {
        let marks = self.store.marked(shard, now, None, limit).await?;
        self.store.owed(&marks, now).await
    }

    pub(super) async fn with_faults(faults: FaultPlan) -> Self {
        let engine = EmbeddedDynamo::memory().unwrap();
        let recorder = Recorder::new();
        let options = ClientOptions {
            faults: Some(faults.clone()),
            recorder: Some(recorder.clone()),
            ..ClientOptions::default()
        };
        create_table(&engine.client(), TABLE).await.unwrap();
        let store = DynamoStore::new(engine.client_with(&options), TABLE.to_owned());
        let (workspace, project) = workspace(at(0));
        faults.set_enabled(false);
        store.create_workspace(&workspace, &project).await.unwrap();
        faults.set_enabled(true);
        Self { engine, store: Arc::new(store), recorder, faults, workspace, project }
    }

    pub(super) async fn top_up(&self, amount: MicroCredits) {
        let entry = LedgerEntry {
            id: id(at(0)),
            kind: LedgerKind::TopUp,
            amount,
            message: None,
            usage: None,
            key: None,
            user: None,
            created_at: at(0),
        };
        let idempotency = IdempotencyKey::parse("k", &entry.id.to_string()).unwrap();
        let credit = Credit { workspace: self.id(), shards: SHARDS, entry, idempotency };
        assert_eq!(self.store.credit(&credit).await.unwrap(), Credited::Stored);
    }

    pub(super) fn id(&self) -> WorkspaceId {
        self.workspace.id
    }

    pub(super) fn reference(&self, name: &str) -> ConversationRef {
        ConversationRef { workspace: self.id(), project: self.project.id, external: external(name) }
    }

    /// A first message in a new conversation.
    pub(super) fn first_message(&self, name: &str, idempotency: &str) -> Submission {
        let conversation = Conversation {
            id: id(at(1)),
            reference: self.reference(name),
            owner: Owner::Ai,
            status: ConversationStatus::Open,
            seq: 0,
            version: 0,
            pending_replies: 0,
            last_key: None,
            last_user: None,
            person: Person::default(),
            told: Vec::new(),
            source: Source::Api,
            said_at: at(1),
            low_confidence_turns: 0,
            human_seq: 0,
            created_at: at(1),
            updated_at: at(1),
        };
        self.message_in(conversation, idempotency)
    }

    /// The next message of a conversation that was read, or is to be.
    pub(super) fn message_in(
        &self,
        mut conversation: Conversation,
        idempotency: &str,
    ) -> Submission {
        let key = KeyId { workspace: self.id(), key: id(at(0)) };
        let shard = conversation.id.shard(SHARDS);
        conversation.seq += 1;
        conversation.version += 1;
        conversation.pending_replies += 1;
        conversation.last_key = Some(key);
        conversation.last_user = Some(external("user-1"));
        conversation.person.user = Some(external("user-1"));
        let message = Message {
            id: id(at(1)),
            seq: conversation.seq,
            sender: Sender::Visitor,
            content: Content::parse("content", &"word ".repeat(60)).unwrap(),
            visibility: Visibility::Public,
            user: Some(external("user-1")),
            agent_name: None,
            background: None,
            citations: Vec::new(),
            confidence: None,
            created_at: at(1),
        };
        Submission {
            learned: aiva_core::message::Learned::default(),
            idempotency: IdempotencyKey::parse("k", idempotency).unwrap(),
            fingerprint: Fingerprint([7; 32]),
            key,
            conversation,
            message,
            disposition: Disposition::Generate { hold: hold(shard), user_cap: None, due: at(31) },
            shard_quota: None,
            deliveries: Vec::new(),
        }
    }

    pub(super) async fn submitted(&self, name: &str) -> Submission {
        let submission = self.first_message(name, name);
        assert!(matches!(self.store.submit(&submission).await.unwrap(), Submitted::Stored));
        submission
    }

    pub(super) async fn claimed(&self, submission: &Submission, lease: &Lease) -> OwedReply {
        let reference = &submission.conversation.reference;
        match self.store.claim(reference, submission.message.seq, lease).await.unwrap() {
            Claimed::Yes(owed) => *owed,
            other => panic!("not claimed: {other:?}"),
        }
    }

    /// How a worker ends the generation: with a reply, a charge and one delivery.
    pub(super) async fn settlement(&self, submission: &Submission, owed: &OwedReply) -> Settlement {
        let reference = submission.conversation.reference.clone();
        let mut conversation = self.store.conversation(&reference).await.unwrap().unwrap();
        conversation.seq += 1;
        conversation.version += 1;
        conversation.pending_replies = conversation.pending_replies.saturating_sub(1);
        let reply = Message {
            id: id(at(3)),
            seq: conversation.seq,
            sender: Sender::Ai,
            user: None,
            created_at: at(3),
            ..submission.message.clone()
        };
        let usage = Usage { input_tokens: 200, output_tokens: 20, source: UsageSource::Reported };
        let charge = LedgerEntry {
            id: id(at(3)),
            kind: LedgerKind::Charge,
            amount: MicroCredits(-300),
            message: Some(owed.message.id),
            usage: Some(usage),
            key: Some(owed.key),
            user: owed.message.user.clone(),
            created_at: at(3),
        };
        Settlement {
            reference,
            seq: submission.message.seq,
            message: owed.message.id,
            fence: owed.fence,
            ending: Ending::Replied,
            conversation,
            reply: Some(reply),
            hold: owed.hold,
            user: owed.message.user.clone(),
            charge: Some(charge),
            deliveries: vec![(self.delivery(), at(40))],
        }
    }

    pub(super) fn delivery(&self) -> Delivery {
        Delivery {
            id: id(at(3)),
            endpoint: EndpointId::Key(KeyId { workspace: self.id(), key: id(at(0)) }),
            event: Event::AiReply,
            conversation: Some("order-1".to_owned()),
            payload: format!("{{\"event\":\"ai.reply\",\"content\":\"{}\"}}", "word ".repeat(60)),
            url: "https://receiver.example/hook".to_owned(),
            status: DeliveryStatus::Pending,
            attempts: Vec::new(),
            automatic_attempts: 0,
            next_attempt_at: Some(at(3)),
            created_at: at(3),
            trigger: Trigger::Auto,
        }
    }

    pub(super) async fn key(&self, limits: RequestLimits) -> (ApiKey, SecretHash) {
        let secret = SecretHash(Sha256::digest(b"secret").into());
        let key = ApiKey {
            id: KeyId { workspace: self.id(), key: id(at(0)) },
            project: self.project.id,
            name: label("Website"),
            scopes: BTreeSet::from([Scope::MessagesWrite, Scope::ConversationsRead]),
            dialect: Dialect::Aiva,
            revoked_at: None,
            expires_at: None,
            own_limits: limits,
            limits,
            callback: Some(callback("https://receiver.example/hook?x=1")),
            created_at: at(0),
            last_used_at: None,
        };
        self.store.create_key(&key, &secret).await.unwrap();
        (key, secret)
    }

    /// Balance and available, summed.
    pub(super) async fn money(&self) -> (i64, i64) {
        let shards = self.store.shards_serializable(self.id(), SHARDS, MONTH).await.unwrap();
        let sum = |part: fn(&aiva_core::wallet::Shard) -> MicroCredits| {
            shards.iter().map(|shard| part(shard).0).sum()
        };
        for shard in &shards {
            assert!(shard.available.0 >= 0 && shard.available <= shard.balance, "{shard:?}");
        }
        (sum(|shard| shard.balance), sum(|shard| shard.available))
    }
}

pub(super) fn callback(url: &str) -> Callback {
    let secret = CallbackSecret { sealed: "v1.abc".to_owned(), expires_at: None };
    Callback {
        url: url.to_owned(),
        secrets: vec![secret],
        disabled: None,
        health: Health::default(),
    }
}

pub(super) fn hold(shard: u8) -> Hold {
    Hold {
        amount: HELD,
        shard,
        rates: Rates::default(),
        max_input_tokens: 8_192,
        max_output_tokens: 1_024,
        model_calls: 1,
        month: MONTH,
    }
}

pub(super) fn lease(holder: &str, seconds: i64) -> Lease {
    Lease { holder: holder.to_owned(), epoch: 0, now: at(seconds), until: at(seconds + 60) }
}

pub(super) fn workspace(now: Timestamp) -> (Workspace, Project) {
    let workspace = Workspace {
        id: id(now),
        name: label("Acme"),
        email: "owner@acme.example".to_owned(),
        status: WorkspaceStatus::Pending,
        plan: Plan::Enterprise,
        limits: WorkspaceLimits::default(),
        rates: Rates::default(),
        wallet_shards: SHARDS,
        reopen_on_message: true,
        request: AccessRequest { use_case: Some("support".to_owned()), expected_volume: None },
        created_at: now,
    };
    let project = Project {
        id: default_project(workspace.id),
        workspace: workspace.id,
        name: label("Default"),
        domain: None,
        agent: Agent::default(),
        knowledge_version: 0,
        tools: aiva_core::tool::Toolset::default(),
        webhooks: Vec::new(),
        knowledge: Published::default(),
        created_at: now,
    };
    (workspace, project)
}
