//! One small deployment for a test: real store, real router, a clock that stands still.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aiva_adapters::dynamo::{DynamoStore, create_table};
use aiva_adapters::objects::{FolderObjects, ObjectStore};
use aiva_core::app::{App, IdentitySettings, Settings};
use aiva_core::egress::EgressPolicy;
use aiva_core::error::{Error, Result};
use aiva_core::id::{ProjectId, SourceId, WorkspaceId};
use aiva_core::key::{self, CreateKey, Scope};
use aiva_core::knowledge::{Document, Edition, GithubAccess, KnowledgeSettings, Passage};
use aiva_core::money::MicroCredits;
use aiva_core::outbox::{DeliveryJob, GenerationJob, IngestionJob};
use aiva_core::payment::{PaymentSettings, Provider};
use aiva_core::ports::{
    self, Clock, Entropy, HttpOut, KnowledgeIndex, Mail, Mailer, Model, Names, OutgoingError,
    OutgoingRequest, OutgoingResponse, Ports, Queue, Vault, WorkspaceStore,
};
use aiva_core::project::{self, AgentDraft, Project};
use aiva_core::reply::{
    self, Generated, GenerationSettings, Listening, Means, ModelError, ModelReply, ModelRequest,
    Stance,
};
use aiva_core::text::IdempotencyKey;
use aiva_core::wallet::{self, LedgerKind, TopUpCommand};
use aiva_core::workspace::{self, RequestAccess, Workspace, WorkspaceStatus};
use aiva_dialects::{Edge, SourceAddress, function, router};
use aiva_embedded::{ClientOptions, EmbeddedDynamo, FaultPlan, Recorder};
use aws_sdk_dynamodb::types::AttributeValue;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use tower::ServiceExt;

/// The operator's token in every test.
pub(crate) const OPERATOR_TOKEN: &str = "the-operator-token-of-the-tests";

/// What Stripe signs with in every test.
pub(crate) const PAYMENT_SECRET: &str = "whsec_not_a_real_secret";

/// A key that has the form of one and belongs to nobody.
pub(crate) fn wrong_key() -> String {
    format!("ak_{}_{}", "0".repeat(52), "0".repeat(52))
}

#[derive(Debug)]
pub(crate) struct TestPorts;

impl Ports for TestPorts {
    type Store = DynamoStore;
    type Queue = Sent;
    type Vault = OpenVault;
    type Objects = ObjectStore;
    type Mailer = Mailbox;
    type Names = FewNames;
    type Desk = Desk;
    type Clock = StoppedClock;
    type Entropy = Counted;
}

/// A mailbox that everybody's mail goes to.
#[derive(Debug, Default)]
pub(crate) struct Mailbox(Mutex<Vec<Mail>>, AtomicBool);

impl Mailer for Mailbox {
    async fn send(&self, mail: &Mail) -> Result<()> {
        if self.1.load(Ordering::SeqCst) {
            return Err(Error::unavailable("the post office is closed"));
        }
        self.0.lock().unwrap().push(mail.clone());
        Ok(())
    }
}

/// Names that lead where the tests need them; all others do not resolve.
#[derive(Debug)]
pub(crate) struct FewNames;

impl Names for FewNames {
    async fn addresses(&self, host: &str) -> Vec<std::net::IpAddr> {
        match host {
            "inside.example.com" => vec!["10.0.0.7".parse().unwrap()],
            "half.example.com" => {
                vec!["93.184.216.34".parse().unwrap(), "127.0.0.1".parse().unwrap()]
            }
            _ => Vec::new(),
        }
    }
}

/// A clock that only [`World::wait`] moves.
#[derive(Debug)]
pub(crate) struct StoppedClock(AtomicI64);

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// Bytes that never repeat and are the same in every run.
#[derive(Debug)]
pub(crate) struct Counted(AtomicU64);

impl Entropy for Counted {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let count = self.0.fetch_add(1, Ordering::SeqCst);
            let block = Sha256::digest(count.to_le_bytes());
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
    }
}

/// A queue that keeps what was sent.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    generations: Mutex<Vec<GenerationJob>>,
    /// Whether words on replies are lost.
    broken: AtomicBool,
    ingestions: Mutex<Vec<IngestionJob>>,
}

impl Queue for Sent {
    async fn send_generation(&self, job: &GenerationJob, _round: u64) -> Result<()> {
        if self.broken.load(Ordering::SeqCst) {
            return Err(Error::unavailable("the queue is away"));
        }
        self.generations.lock().unwrap().push(job.clone());
        Ok(())
    }

    async fn send_delivery(&self, _job: &DeliveryJob, _delay: Duration) -> Result<()> {
        Ok(())
    }

    async fn send_ingestion(&self, job: &IngestionJob, _round: u64) -> Result<()> {
        self.ingestions.lock().unwrap().push(job.clone());
        Ok(())
    }
}

/// A vault that hides nothing: what it keeps is made up.
#[derive(Debug)]
pub(crate) struct OpenVault;

impl Vault for OpenVault {
    async fn seal(&self, workspace: WorkspaceId, secret: &SecretString) -> Result<String> {
        Ok(format!("{workspace}:{}", secret.expose_secret()))
    }

    async fn open(&self, workspace: WorkspaceId, sealed: &str) -> Result<SecretString> {
        let prefix = format!("{workspace}:");
        let secret = sealed.strip_prefix(&prefix).ok_or_else(|| Error::internal("foreign"))?;
        Ok(secret.into())
    }

    async fn mac(&self, label: &str, data: &[u8]) -> Result<[u8; 32]> {
        Ok(Sha256::new().chain_update(label).chain_update([0]).chain_update(data).finalize().into())
    }
}

/// The desk of the tests: what it writes is said beforehand.
#[derive(Debug, Default)]
pub(crate) struct Desk(Mutex<Manner>);

/// How the desk writes.
#[derive(Debug, Clone, Default)]
pub(crate) enum Manner {
    /// It says a word or two.
    #[default]
    Politely,
    /// It says this.
    Saying(String),
    /// It fails for good.
    Failing,
    /// It never comes to an end.
    Dreaming,
}

impl ports::Desk for Desk {
    fn epoch(&self) -> u64 {
        0
    }

    async fn generate<P: Ports>(
        &self,
        app: &App<P>,
        job: &GenerationJob,
        settings: &GenerationSettings,
        listener: Listening<'_>,
    ) -> Result<Generated> {
        let manner = self.0.lock().unwrap().clone();
        let text = match manner {
            Manner::Politely => Some("Of course.".to_owned()),
            Manner::Saying(text) => Some(text),
            Manner::Failing => None,
            Manner::Dreaming => return std::future::pending().await,
        };
        // No tool is set up where a request waits.
        let outside = Outside::default();
        match text {
            Some(text) => {
                let told = Told(text);
                let means = Means { listener, ..means(&told, &outside) };
                reply::generate(app, means, job, settings).await
            }
            None => reply::generate(app, means(&Mute, &outside), job, settings).await,
        }
    }

    async fn pause(&self, time: Duration) {
        let dreaming = matches!(*self.0.lock().unwrap(), Manner::Dreaming);
        let time = if dreaming { Duration::from_millis(5) } else { time };
        tokio::time::sleep(time).await;
    }
}

/// A model that has nothing to say, ever.
struct Mute;

impl Model for Mute {
    async fn reply(
        &self,
        _request: &ModelRequest,
        _on_delta: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<ModelReply, ModelError> {
        let cause = Error::internal("mute").into();
        Err(ModelError { reason: "the model is mute", cause, usage: None })
    }
}

/// A model that says what it is told to.
struct Told(String);

impl Model for Told {
    async fn reply(
        &self,
        _request: &ModelRequest,
        on_delta: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<ModelReply, ModelError> {
        self.0.split_inclusive(' ').for_each(on_delta);
        Ok(ModelReply {
            text: self.0.clone(),
            stance: Stance::Quotes,
            usage: None,
            cited: vec![0],
            calls: Vec::new(),
        })
    }
}

/// Everything outside: it takes every request, and says that it is done.
#[derive(Debug, Default)]
pub(crate) struct Outside(Mutex<Vec<OutgoingRequest>>);

impl Outside {
    /// The bodies of what reached it.
    pub(crate) fn bodies(&self) -> Vec<serde_json::Value> {
        let requests = self.0.lock().unwrap();
        requests.iter().map(|request| serde_json::from_slice(&request.body).unwrap()).collect()
    }
}

impl HttpOut for Outside {
    async fn post(&self, request: OutgoingRequest) -> Result<OutgoingResponse, OutgoingError> {
        self.0.lock().unwrap().push(request);
        let body = b"done".to_vec();
        let (retry_after, truncated) = (None, false);
        Ok(OutgoingResponse { status: 200, retry_after, body, truncated, body_complete: true })
    }
}

/// A model that never answers.
struct Broken;

impl Model for Broken {
    async fn reply(
        &self,
        _request: &ModelRequest,
        _on_delta: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<ModelReply, ModelError> {
        Err(ModelError { reason: "the model is away", cause: "a test".into(), usage: None })
    }
}

/// An index that finds one passage, whatever is asked.
struct OnePassage;

impl KnowledgeIndex for OnePassage {
    fn held(&self, _project: ProjectId) -> Option<u64> {
        Some(u64::MAX)
    }

    async fn publish(&self, _edition: Edition, _documents: Vec<Document>) -> Result<()> {
        Ok(())
    }

    async fn search(
        &self,
        _: Edition,
        _: &str,
        _: usize,
        _: &HashSet<SourceId>,
    ) -> Result<Vec<Passage>> {
        Ok(vec![Passage {
            source: SourceId::new(Timestamp::UNIX_EPOCH, &Counted(AtomicU64::new(0))),
            title: "Refund policy".to_owned(),
            url: None,
            text: "We refund within 30 days.".to_owned(),
            score: 1.0,
            coverage_permille: 1_000,
            similarity_permille: None,
        }])
    }
}

/// One deployment with a shop, and some whose requests are refused.
pub(crate) struct World {
    pub(crate) edge: Arc<Edge<TestPorts>>,
    pub(crate) router: axum::Router,
    /// What transcripts may name: keys, tokens, ids.
    pub(crate) names: BTreeMap<String, String>,
    /// What the database was asked.
    pub(crate) recorder: Recorder,
    /// What may happen on the way to the database.
    pub(crate) faults: FaultPlan,
    /// What was reached outside.
    pub(crate) outside: Outside,
    shop: Workspace,
    client: aws_sdk_dynamodb::Client,
    /// Where the objects are.
    pub(crate) folder: tempfile::TempDir,
}

const ALL_BUT_NONE: Option<Scope> = None;

impl World {
    pub(crate) async fn new() -> Self {
        Self::paying(PaymentSettings::default()).await
    }

    /// A deployment whose payments Stripe collects.
    pub(crate) async fn paying_by_stripe() -> Self {
        Self::paying(PaymentSettings { provider: Provider::Stripe, ..PaymentSettings::default() })
            .await
    }

    async fn paying(payments: PaymentSettings) -> Self {
        Self::with(payments, FaultPlan::new(0)).await
    }

    /// A deployment whose way to the database may have faults, once they are switched on.
    pub(crate) async fn suffering(faults: FaultPlan) -> Self {
        faults.set_enabled(false);
        Self::with(PaymentSettings::default(), faults).await
    }

    /// A deployment that reads GitHub, at this address.
    pub(crate) async fn reading_github(base_url: &str) -> Self {
        let github =
            GithubAccess { base_url: base_url.to_owned(), token: Some("made-up-token".into()) };
        let knowledge = KnowledgeSettings { github: Some(github), drive: None };
        Self::knowing(PaymentSettings::default(), FaultPlan::new(0), knowledge).await
    }

    async fn with(payments: PaymentSettings, faults: FaultPlan) -> Self {
        Self::knowing(payments, faults, KnowledgeSettings::default()).await
    }

    async fn knowing(
        payments: PaymentSettings,
        faults: FaultPlan,
        knowledge: KnowledgeSettings,
    ) -> Self {
        let recorder = Recorder::new();
        let options = ClientOptions {
            recorder: Some(recorder.clone()),
            faults: Some(faults.clone()),
            ..ClientOptions::default()
        };
        let client = EmbeddedDynamo::memory().unwrap().client_with(&options);
        create_table(&client, "aiva").await.unwrap();
        let began: Timestamp = "2026-07-02T10:30:00Z".parse().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let app = Arc::new(App {
            store: DynamoStore::new(client.clone(), "aiva".to_owned()),
            queue: Sent::default(),
            vault: OpenVault,
            objects: ObjectStore::Folder(FolderObjects::new(
                folder.path().to_owned(),
                "the-upload-secret-of-the-tests".into(),
                "https://aiva.example".to_owned(),
            )),
            mailer: Mailbox::default(),
            names: FewNames,
            clock: StoppedClock(AtomicI64::new(began.as_millisecond())),
            entropy: Counted(AtomicU64::new(0)),
            settings: Settings {
                powered_by: "Assistify".to_owned(),
                egress: EgressPolicy { local: true, ports: vec![443] },
                outbox_grace_ms: 10_000,
                answer_within_ms: 27_000,
                stream_within_ms: 27_000,
                write_within_ms: 85_000,
                render: aiva_dialects::telling::render,
                knowledge,
                identity: IdentitySettings {
                    public_url: Some("https://aiva.example".to_owned()),
                    ..IdentitySettings::default()
                },
                payments,
            },
        });
        let edge =
            Edge::with_payments(app, Some(OPERATOR_TOKEN.into()), Some(PAYMENT_SECRET.into()));
        let router = router(Arc::clone(&edge), function::everything());
        let shop = workspace_of(&edge, "Shop", Some(1_000_000_000_000)).await;
        let (names, outside) = (BTreeMap::new(), Outside::default());
        let mut world =
            Self { edge, router, names, recorder, faults, outside, shop, client, folder };
        world.fill().await;
        world
    }

    async fn fill(&mut self) {
        let other = workspace_of(&self.edge, "Other", Some(1_000_000_000_000)).await;
        let poor = workspace_of(&self.edge, "Poor", Some(0)).await;
        let pending = workspace_of(&self.edge, "Pending", None).await;
        let shop = self.shop.clone();
        let closed = closing(&self.edge, &shop).await;
        let branch = self.branch_of(&shop).await;
        let reader = vec![Scope::ConversationsRead];
        let keys = [
            ("key", self.key_of(&shop, scopes_but(ALL_BUT_NONE), None).await),
            ("reader", self.key_of(&shop, reader, None).await),
            ("slow", self.key_of(&shop, scopes_but(ALL_BUT_NONE), Some(2)).await),
            ("other", self.key_of(&other, scopes_but(ALL_BUT_NONE), None).await),
            ("poor", self.key_of(&poor, scopes_but(ALL_BUT_NONE), None).await),
            ("closed", self.key_of(&closed, scopes_but(ALL_BUT_NONE), None).await),
            ("closed_ws", closed.id.to_string()),
            ("pending", self.key_of(&pending, scopes_but(ALL_BUT_NONE), None).await),
            ("wrong", wrong_key()),
            ("operator", OPERATOR_TOKEN.to_owned()),
            ("shop", shop.id.to_string()),
            ("shop_project", shop.default_project().to_string()),
            ("stark", self.stark_key_of(&shop, None).await),
            ("branch", self.stark_key_of(&shop, Some(&branch)).await),
            ("branch_project", branch),
        ];
        self.names = keys.map(|(name, text)| (name.to_owned(), text)).into();
    }

    /// A key of the shop with every scope but one.
    pub(crate) async fn key_without(&self, scope: Option<Scope>) -> String {
        self.key_of(&self.shop, scopes_but(scope), None).await
    }

    /// A second project of a workspace.
    async fn branch_of(&self, owner: &Workspace) -> String {
        let app = &*self.edge.app;
        let branch =
            project::create(&app.store, app, owner.id, ("Branch", Some("branch.example.com")))
                .await
                .unwrap();
        branch.id.to_string()
    }

    /// An Aivastark key of a project; of the default one where none is named.
    async fn stark_key_of(&self, owner: &Workspace, project: Option<&str>) -> String {
        let command = CreateKey {
            name: "stark".to_owned(),
            scopes: Scope::ALL.iter().map(|scope| scope.as_str().to_owned()).collect(),
            dialect: Some("aivastark".to_owned()),
            project: project.map(str::to_owned),
            ..CreateKey::default()
        };
        let app = &*self.edge.app;
        let made = key::create(app, app, owner, command).await.unwrap();
        made.token.expose_secret().to_owned()
    }

    async fn key_of(&self, owner: &Workspace, scopes: Vec<Scope>, a_minute: Option<i64>) -> String {
        let command = CreateKey {
            name: "backend".to_owned(),
            scopes: scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
            requests_per_minute: a_minute,
            ..CreateKey::default()
        };
        let app = &*self.edge.app;
        let made = key::create(app, app, owner, command).await.unwrap();
        made.token.expose_secret().to_owned()
    }

    /// Sends one request and waits until its log entry is written.
    pub(crate) async fn send(&self, mut request: Request) -> Response {
        request.extensions_mut().insert(SourceAddress("192.0.2.1".to_owned()));
        let response = self.router.clone().oneshot(request).await.unwrap();
        self.edge.drain().await;
        response
    }

    /// Answers every message that waits for a reply.
    pub(crate) async fn reply(&self, text: &str) {
        let app = &*self.edge.app;
        for job in self.take_jobs() {
            let settings = lease();
            let model = Told(text.to_owned());
            reply::generate(app, means(&model, &self.outside), &job, &settings).await.unwrap();
        }
    }

    /// Answers every message that waits for a reply with a model of the test's own.
    pub(crate) async fn reply_with(&self, model: &impl Model) {
        let app = &*self.edge.app;
        for job in self.take_jobs() {
            let lease = lease();
            let reply = reply::generate(app, means(model, &self.outside), &job, &lease);
            Box::pin(reply).await.unwrap();
        }
    }

    /// Lets the reply to one message that waits fail for good.
    pub(crate) async fn fail_one(&self) {
        let job = self.edge.app.queue.generations.lock().unwrap().pop().unwrap();
        let app = &*self.edge.app;
        reply::generate(app, means(&Broken, &self.outside), &job, &lease()).await.unwrap();
    }

    /// What the queue was told to take in.
    pub(crate) fn take_ingestions(&self) -> Vec<IngestionJob> {
        std::mem::take(&mut *self.edge.app.queue.ingestions.lock().unwrap())
    }

    /// The shop's default project, as it stands.
    pub(crate) async fn project(&self) -> Project {
        project::resolve(&self.edge.app.store, self.shop.id, "default").await.unwrap()
    }

    fn take_jobs(&self) -> Vec<GenerationJob> {
        std::mem::take(&mut *self.edge.app.queue.generations.lock().unwrap())
    }

    /// Answers every message that waits for a reply, all at once.
    pub(crate) async fn reply_at_once(&self, text: &str) {
        let (app, model) = (&*self.edge.app, Told(text.to_owned()));
        let replies = self.take_jobs().into_iter().map(|job| {
            let model = &model;
            async move {
                reply::generate(app, means(model, &self.outside), &job, &lease()).await.unwrap()
            }
        });
        futures_util::future::join_all(replies).await;
    }

    /// Loses the words on replies, or lets them through again.
    pub(crate) fn break_queue(&self, broken: bool) {
        self.edge.app.queue.broken.store(broken, Ordering::SeqCst);
    }

    /// How many words on replies wait in the queue.
    pub(crate) fn words(&self) -> usize {
        self.edge.app.queue.generations.lock().unwrap().len()
    }

    /// Closes the post office, or opens it again.
    pub(crate) fn break_mail(&self, broken: bool) {
        self.edge.app.mailer.1.store(broken, Ordering::SeqCst);
    }

    /// What the clock shows.
    pub(crate) fn now(&self) -> Timestamp {
        self.edge.app.now()
    }

    /// Every mail that was sent, oldest first.
    pub(crate) fn mails(&self) -> Vec<Mail> {
        self.edge.app.mailer.0.lock().unwrap().clone()
    }

    /// Every row of the table, as one text.
    pub(crate) async fn everything_stored(&self) -> String {
        let rows = self.client.scan().table_name("aiva").send().await.unwrap();
        format!("{:?}", rows.items())
    }

    /// Takes from a row what it cannot be read without.
    pub(crate) async fn spoil(&self, id: &str) {
        let rows = self.client.scan().table_name("aiva").send().await.unwrap();
        let is_meant = |row: &&HashMap<String, AttributeValue>| {
            row.get("id").is_some_and(|value| value.as_s().is_ok_and(|found| found == id))
        };
        let mut row = rows.items().iter().find(is_meant).unwrap().clone();
        row.retain(|name, _| ["pk", "sk", "owed", "due"].contains(&name.as_str()));
        let put = self.client.put_item().table_name("aiva").set_item(Some(row));
        put.send().await.unwrap();
    }

    /// Lets the shop's default project count so many sources.
    pub(crate) async fn count_sources(&self, number: u32) {
        let rows = self.client.scan().table_name("aiva").send().await.unwrap();
        let id = self.shop.default_project().to_string();
        let is_meant = |row: &&HashMap<String, AttributeValue>| {
            row.get("id").is_some_and(|value| value.as_s().is_ok_and(|found| *found == id))
        };
        let mut row = rows.items().iter().find(is_meant).unwrap().clone();
        row.insert("sn".to_owned(), AttributeValue::N(number.to_string()));
        let put = self.client.put_item().table_name("aiva").set_item(Some(row));
        put.send().await.unwrap();
    }

    /// The token in the link of the newest mail.
    pub(crate) fn mailed_token(&self) -> String {
        let text = self.mails().pop().unwrap().text;
        let rest = text.split("https://aiva.example/verify/").nth(1).unwrap();
        rest.split_whitespace().next().unwrap().to_owned()
    }

    /// Tells the desk how to write from now on.
    pub(crate) fn desk_writes(&self, manner: Manner) {
        *self.edge.desk.0.lock().unwrap() = manner;
    }

    /// Switches the shop's agent on or off.
    pub(crate) async fn switch_agent(&self, on: bool) {
        let store = &self.edge.app.store;
        let project = self.project().await;
        let draft = AgentDraft { ai_enabled: Some(on), ..AgentDraft::default() };
        project::set_agent(store, &project, draft).await.unwrap();
    }

    /// Moves the clock.
    pub(crate) fn wait(&self, seconds: i64) {
        self.edge.app.clock.0.fetch_add(seconds * 1_000, Ordering::SeqCst);
    }
}

fn means<'a, M: Model>(model: &'a M, http: &'a Outside) -> Means<'a, M, OnePassage, Outside> {
    Means { model, index: &OnePassage, http, listener: &|_: &str| {} }
}

fn lease() -> GenerationSettings {
    GenerationSettings { holder: "test".to_owned(), epoch: 0, lease: Duration::from_secs(60) }
}

/// A request with a key and a JSON body.
pub(crate) fn request(method: &str, path: &str, key: Option<&str>, body: &str) -> Request {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(key) = key {
        request = request.header("authorization", format!("Bearer {key}"));
    }
    let request = request.header("content-type", "application/json");
    request.body(Body::from(body.to_owned())).unwrap()
}

fn scopes_but(without: Option<Scope>) -> Vec<Scope> {
    Scope::ALL.iter().copied().filter(|scope| Some(*scope) != without).collect()
}

/// A workspace like another whose resolved conversations stay resolved.
async fn closing(edge: &Edge<TestPorts>, like: &Workspace) -> Workspace {
    let app = &*edge.app;
    let id = WorkspaceId::new(app.now(), app);
    let status = WorkspaceStatus::Active;
    let closed = Workspace { id, status, reopen_on_message: false, ..like.clone() };
    let project = project::resolve(&app.store, like.id, "default").await.unwrap();
    let project = Project { id: workspace::default_project(id), workspace: id, ..project };
    app.store.create_workspace(&closed, &project).await.unwrap();
    let command = TopUpCommand {
        kind: LedgerKind::TopUp,
        amount: MicroCredits(1_000_000_000_000),
        idempotency: IdempotencyKey::parse("key", "closing").unwrap(),
    };
    wallet::top_up(&app.store, app, &closed, command).await.unwrap();
    closed
}

/// A workspace; active with this credit, or pending.
async fn workspace_of(edge: &Edge<TestPorts>, name: &str, credit: Option<i64>) -> Workspace {
    let app = &*edge.app;
    let command = RequestAccess {
        name: name.to_owned(),
        email: "owner@example.com".to_owned(),
        ..RequestAccess::default()
    };
    let workspace = workspace::request(&app.store, app, command).await.unwrap();
    if let Some(credit) = credit {
        workspace::approve(&app.store, app, &workspace, Some(credit)).await.unwrap();
    }
    workspace
}
