//! The ports of everything that runs on DynamoDB, SQS, Secrets Manager and SES: wired once, here.
//!
//! What a function reaches is part of its type. A client that no type names is not linked, also where
//! all functions are built at once and share their features.

use std::marker::PhantomData;
use std::sync::Arc;

use aiva_core::app::{App, Settings};
use aiva_core::id::WorkspaceId;
use aiva_core::ports::{
    self, Clock, Desk, Entropy, NoDesk, Objects, Ports, Queue, Vault, WorkspaceStore,
};
use aws_types::SdkConfig;
use jiff::Timestamp;

use crate::absent::{NoMailer, NoObjects, NoQueue, NoVault};
use crate::dynamo::DynamoStore;
use crate::mail::Mailer;
use crate::names::SystemNames;
use crate::objects::ObjectStore;
use crate::secrets::RingVault;
use crate::sqs::SqsQueue;
use crate::warm::Warm;

/// The AWS ports with a clock and a source of randomness; queue, vault and mailer where they are reached;
/// the desk of a process that writes replies while requests wait; and its objects.
#[derive(Debug)]
pub struct AwsPorts<C, E, R = Everything<E>, D = NoDesk, O = ObjectStore>(
    PhantomData<(C, E, R, D, O)>,
);

/// Queue, vault and mailer as one process has them that does everything.
pub type Everything<E> = Reach<SqsQueue, RingVault<E>, Mailer>;

/// The application of a function that reaches these.
pub type Connected<C, E, Q, V, M, D = NoDesk, O = NoObjects> =
    App<AwsPorts<C, E, Reach<Q, V, M>, D, O>>;

impl<C, E, Q, V, M, D, O> Ports for AwsPorts<C, E, Reach<Q, V, M>, D, O>
where
    O: Objects,
    C: Clock,
    E: Entropy,
    Q: Queue,
    V: Vault,
    M: ports::Mailer,
    D: Desk,
{
    type Store = DynamoStore;
    type Queue = Q;
    type Vault = V;
    type Objects = O;
    type Mailer = M;
    type Names = SystemNames;
    type Desk = D;
    type Clock = C;
    type Entropy = E;
}

/// What a function reaches beside the table; an absent one is one of [`crate::absent`].
#[derive(Debug)]
pub struct Reach<Q = NoQueue, V = NoVault, M = NoMailer> {
    /// The way to the workers.
    pub queue: Q,
    /// The key ring.
    pub vault: V,
    /// The sender of mail.
    pub mailer: M,
}

/// Makes the application over a table and what else it reaches, without objects; nothing is called yet.
pub fn connect<C, E, Q, V, M>(
    sdk: &SdkConfig,
    table: &str,
    reach: Reach<Q, V, M>,
    settings: Settings,
    own: (C, E),
) -> Arc<Connected<C, E, Q, V, M>>
where
    C: Clock,
    E: Entropy,
    Q: Queue,
    V: Vault,
    M: ports::Mailer,
{
    connect_with(sdk, table, (reach, NoObjects), settings, own)
}

/// Like [`connect`], with objects.
pub fn connect_with<C, E, Q, V, M, O>(
    sdk: &SdkConfig,
    table: &str,
    reach: (Reach<Q, V, M>, O),
    settings: Settings,
    own: (C, E),
) -> Arc<Connected<C, E, Q, V, M, NoDesk, O>>
where
    C: Clock,
    E: Entropy,
    Q: Queue,
    V: Vault,
    M: ports::Mailer,
    O: Objects,
{
    connect_with_desk(sdk, table, reach, settings, own)
}

/// The same for a process that writes replies while requests wait.
pub fn connect_with_desk<C, E, Q, V, M, D, O>(
    sdk: &SdkConfig,
    table: &str,
    (reach, objects): (Reach<Q, V, M>, O),
    settings: Settings,
    (clock, entropy): (C, E),
) -> Arc<Connected<C, E, Q, V, M, D, O>>
where
    C: Clock,
    E: Entropy,
    Q: Queue,
    V: Vault,
    M: ports::Mailer,
    D: Desk,
    O: Objects,
{
    let store = DynamoStore::new(aws_sdk_dynamodb::Client::new(sdk), table.to_owned());
    let Reach { queue, vault, mailer } = reach;
    let names = SystemNames::default();
    Arc::new(App { store, queue, vault, objects, mailer, names, clock, entropy, settings })
}

/// Opens the connections that the first request will need: reads a row that never exists, and warms
/// queue and vault. Any outcome is fine.
pub async fn warm<C, E, Q, V, M, D, O>(app: &Connected<C, E, Q, V, M, D, O>)
where
    O: Objects,
    C: Clock,
    E: Entropy,
    Q: Queue + Warm,
    V: Vault + Warm,
    M: ports::Mailer,
    D: Desk,
{
    let nobody = WorkspaceId::new(Timestamp::UNIX_EPOCH, app);
    let read = app.store.workspace(nobody);
    // Once in a process: not worth carrying about in the future of a whole start.
    let (read, (), ()) =
        Box::pin(async { tokio::join!(read, app.vault.warm(), app.queue.warm()) }).await;
    if let Err(error) = read {
        tracing::warn!(%error, "a connection is not open yet");
    }
}
