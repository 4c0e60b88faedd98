//! The outbox: what is owed, told to the queues, and told again when they lose it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::callback::{Endpoint, EndpointId};
use crate::conversation::ConversationRef;
use crate::id::{
    ConversationId, DeliveryId, MessageId, PaymentId, ProjectId, RecoveryId, SourceId, WorkspaceId,
};
use crate::recovery::Recovery;
use crate::text::ExternalId;

mod sweep;

pub use sweep::{SweepReport, sweep, sweep_with};

/// A reply to generate, as the queue carries it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GenerationJob {
    /// The workspace.
    pub workspace_id: WorkspaceId,
    /// The project.
    pub project_id: ProjectId,
    /// The integrator's conversation id.
    pub external_conversation_id: ExternalId,
    /// Our conversation id: the queue's message group.
    pub conversation_id: ConversationId,
    /// The number of the visitor's message.
    pub seq: u64,
    /// The visitor's message.
    pub message_id: MessageId,
    /// Whether the conversation may owe a reply to an earlier message, which then comes first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub behind: bool,
}

impl GenerationJob {
    /// Where the conversation's rows are.
    pub fn reference(&self) -> ConversationRef {
        ConversationRef {
            workspace: self.workspace_id,
            project: self.project_id,
            external: self.external_conversation_id.clone(),
        }
    }
}

/// A delivery to attempt, as the queue carries it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryJob {
    /// The workspace.
    pub workspace_id: WorkspaceId,
    /// The delivery.
    pub delivery_id: DeliveryId,
    /// The endpoint: the queue's fairness group.
    pub endpoint: String,
    /// Whether a person asked for it: it goes whatever the circuit breaker says.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub urgent: bool,
}

/// Knowledge to take in, as the queue carries it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IngestionJob {
    /// The workspace.
    pub workspace_id: WorkspaceId,
    /// The project: the queue's message group, so that a project has one writer.
    pub project_id: ProjectId,
    /// The source to fetch; without one the project's index is to be published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_id: Option<SourceId>,
}

/// A mark in the index of what is owed, whose moment has passed. What is owed stands in the row itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwedMark {
    /// In whose turn it comes.
    pub turn: Turn,
    /// Since when it is due.
    pub due: Timestamp,
    /// What the store calls the row.
    pub row: (String, String),
}

/// In whose turn something owed comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// A payment: its round is [`crate::payment::collect_due`].
    Payment,
    /// What a workspace or its owner is owed: a mail, credit, a recovery. They are few, and no queue
    /// carries them.
    Owner,
    /// A reply, or knowledge to take in: somebody waits for it.
    Work,
    /// An attempt of a delivery. Where endpoints or the queue are away there are very many.
    Delivery,
}

/// Something owed, whose moment has passed.
#[derive(Debug, Clone)]
pub struct Owed {
    /// Where its mark stands.
    pub item: OwedItem,
    /// What it is.
    pub what: OwedWhat,
}

/// Names the row that carries a mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OwedItem {
    /// A visitor's message.
    Message {
        /// Its conversation.
        reference: ConversationRef,
        /// Its number.
        seq: u64,
    },
    /// A delivery.
    Delivery {
        /// Its workspace.
        workspace: WorkspaceId,
        /// The delivery.
        id: DeliveryId,
    },
    /// The rules of a wallet.
    Recharge(WorkspaceId),
    /// The credit of a workspace's plan.
    Allowance(WorkspaceId),
    /// A row that is claimed by who pays it, and needs no other postponement.
    Claimed,
    /// An endpoint that was disabled.
    Endpoint(EndpointId),
    /// A recovery that goes on.
    Recovery {
        /// Its workspace.
        workspace: WorkspaceId,
        /// The recovery.
        id: RecoveryId,
    },
    /// A source.
    Source {
        /// Its workspace.
        workspace: WorkspaceId,
        /// Its project.
        project: ProjectId,
        /// The source.
        id: SourceId,
    },
    /// A project.
    Project {
        /// Its workspace.
        workspace: WorkspaceId,
        /// The project.
        id: ProjectId,
    },
}

/// What is owed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OwedWhat {
    /// A reply.
    Generation(GenerationJob),
    /// An attempt.
    Delivery(DeliveryJob),
    /// A look at a wallet with rules.
    Recharge(WorkspaceId),
    /// The credit of a workspace's plan.
    Allowance(WorkspaceId),
    /// A payment to collect; see [`crate::payment::collect_due`].
    Payment {
        /// The workspace.
        workspace: WorkspaceId,
        /// The payment.
        id: PaymentId,
    },
    /// A mail to the owner of a workspace.
    Mail {
        /// The workspace.
        workspace: WorkspaceId,
        /// The notice's name.
        name: String,
    },
    /// Word to the workspace's owner that an endpoint was disabled.
    Notice(Box<Endpoint>),
    /// A turn.
    Recovery(Box<Recovery>),
    /// Knowledge to take in, or an index.
    Ingestion(IngestionJob),
}
