//! Every key of the table. Nothing outside this file knows a key string (see `docs/DATA.md`).
//!
//! The tenant comes first, so that a key without one cannot be written; the five exceptions are the
//! directory of workspaces and the four counters of the deployment. `#` separates the parts: neither
//! our ids nor an integrator's may hold one.

use aiva_core::conversation::ConversationRef;
use aiva_core::id::{
    ConversationId, Id, LedgerEntryId, Marker, ProjectId, RequestId, WidgetId, WorkspaceId, base32,
};
use aiva_core::idempotency::Place;
use aiva_core::identity::LinkHash;
use aiva_core::key::KeyId;
use aiva_core::text::{ExternalId, IdempotencyKey};
use aiva_core::wallet::LedgerKind;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

mod delivery;
mod knowledge;
mod owner;
mod tool;

pub(super) use delivery::*;
pub(super) use knowledge::*;
pub(super) use owner::*;
pub(super) use tool::*;

/// The partition key's attribute.
pub(super) const PARTITION: &str = "pk";
/// The sort key's attribute.
pub(super) const SORT: &str = "sk";
/// The attribute by which items expire, in seconds since the epoch.
pub(super) const EXPIRY: &str = "ttl";
/// The sparse index of what is owed.
pub(super) const OWED_INDEX: &str = "owed";
/// The attribute that puts a row into the index: its shard.
pub(super) const OWED: &str = "owed";
/// The attribute that orders the index: milliseconds since the epoch.
pub(super) const DUE: &str = "due";

/// Shards of the index of what is owed.
pub(super) const OWED_SHARDS: u8 = 8;
/// Shards of the lists that many requests add to at once.
pub(super) const LIST_SHARDS: u8 = 4;

/// Sorts after every id and every number.
const LAST: &str = "~";

/// Names one row.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) partition: String,
    pub(super) sort: String,
}

impl Key {
    fn new(partition: String, sort: impl Into<String>) -> Self {
        Self { partition, sort: sort.into() }
    }
}

/// Names a run of rows in one partition, from `low` to `high`, both included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) partition: String,
    pub(super) low: String,
    pub(super) high: String,
    prefix: &'static str,
}

impl Span {
    /// All rows of a partition whose sort key begins with the prefix.
    fn prefixed(partition: String, prefix: &'static str) -> Self {
        Self { partition, low: prefix.to_owned(), high: format!("{prefix}{LAST}"), prefix }
    }

    /// All rows of a partition; their sort keys are bare ids.
    fn whole(partition: String) -> Self {
        Self { partition, low: "0".to_owned(), high: LAST.to_owned(), prefix: "" }
    }

    /// The part of it between two moments, where the sort keys end in ids that begin with a time.
    pub(super) fn between(mut self, since: Option<Timestamp>, until: Option<Timestamp>) -> Self {
        let bound = |at| Id::<aiva_core::id::marker::Request>::least_of(at).bare();
        if let Some(since) = since {
            self.low = format!("{}{}", self.prefix, bound(since));
        }
        if let Some(until) = until {
            self.high = format!("{}{}", self.prefix, bound(until));
        }
        self
    }

    /// The sort key at which a list goes on after a position (a bare id).
    pub(super) fn sort_of(&self, position: &str) -> String {
        format!("{}{position}", self.prefix)
    }

    /// The position of a sort key: what follows the prefix.
    pub(super) fn position_of<'a>(&self, sort: &'a str) -> &'a str {
        sort.strip_prefix(self.prefix).unwrap_or(sort)
    }
}

fn tenant(workspace: WorkspaceId) -> String {
    format!("W#{}", workspace.bare())
}

fn place(workspace: WorkspaceId, project: ProjectId) -> String {
    format!("{}#P#{}", tenant(workspace), project.bare())
}

/// The workspace itself.
pub(super) fn workspace(id: WorkspaceId) -> Key {
    Key::new(tenant(id), "W")
}

/// The entry of a workspace in the directory.
pub(super) fn directory_entry(id: WorkspaceId) -> Key {
    Key::new("DIR".to_owned(), id.bare())
}

/// The one list over all tenants, for the operator.
pub(super) fn directory() -> Span {
    Span::whole("DIR".to_owned())
}

/// The workspace that a directory entry names.
pub(super) fn parse_directory_entry(key: &Key) -> Option<WorkspaceId> {
    (key.partition == "DIR").then(|| WorkspaceId::from_bare(&key.sort)).flatten()
}

/// A project.
pub(super) fn project(workspace: WorkspaceId, id: ProjectId) -> Key {
    Key::new(tenant(workspace), format!("P#{}", id.bare()))
}

/// A workspace's projects.
pub(super) fn projects(workspace: WorkspaceId) -> Span {
    Span::prefixed(tenant(workspace), "P#")
}

/// An API key. Each has a partition of its own, because every request counts on it.
pub(super) fn api_key(id: KeyId) -> Key {
    Key::new(format!("{}#K#{}", tenant(id.workspace), id.key.bare()), "K")
}

/// The key whose row this is.
pub(super) fn parse_api_key(key: &Key) -> Option<KeyId> {
    let (workspace, id) = key.partition.strip_prefix("W#")?.split_once("#K#")?;
    (key.sort == "K").then_some(())?;
    Some(KeyId { workspace: WorkspaceId::from_bare(workspace)?, key: Id::from_bare(id)? })
}

/// The entry of a key in its workspace's list.
pub(super) fn key_entry(id: KeyId) -> Key {
    Key::new(tenant(id.workspace), format!("K#{}", id.key.bare()))
}

/// A workspace's list of keys.
pub(super) fn key_entries(workspace: WorkspaceId) -> Span {
    Span::prefixed(tenant(workspace), "K#")
}

/// The key that an entry of the list names.
pub(super) fn parse_key_entry(key: &Key) -> Option<KeyId> {
    let workspace = WorkspaceId::from_bare(key.partition.strip_prefix("W#")?)?;
    Some(KeyId { workspace, key: Id::from_bare(key.sort.strip_prefix("K#")?)? })
}

fn thread(reference: &ConversationRef) -> String {
    format!("{}#X#{}", place(reference.workspace, reference.project), reference.external)
}

/// A conversation.
pub(super) fn conversation(reference: &ConversationRef) -> Key {
    Key::new(thread(reference), "C")
}

/// A message of a conversation.
pub(super) fn message(reference: &ConversationRef, seq: u64) -> Key {
    Key::new(thread(reference), message_sort(seq))
}

fn message_sort(seq: u64) -> String {
    format!("M#{seq:010}")
}

/// The messages of a conversation from one number to another, both included.
pub(super) fn messages(reference: &ConversationRef, from: u64, to: u64) -> Span {
    let (low, high) = (message_sort(from.min(MAX_SEQ)), message_sort(to.min(MAX_SEQ)));
    Span { partition: thread(reference), low, high, prefix: "M#" }
}

/// The greatest number that keeps the order of its text.
const MAX_SEQ: u64 = 9_999_999_999;

/// The conversation and the number that a message's row names.
pub(super) fn parse_message(key: &Key) -> Option<(ConversationRef, u64)> {
    let seq = key.sort.strip_prefix("M#")?.parse().ok()?;
    let rest = key.partition.strip_prefix("W#")?;
    let (workspace, rest) = rest.split_once("#P#")?;
    let (project, external) = rest.split_once("#X#")?;
    let reference = ConversationRef {
        workspace: WorkspaceId::from_bare(workspace)?,
        project: ProjectId::from_bare(project)?,
        external: ExternalId::parse("conversation", external).ok()?,
    };
    Some((reference, seq))
}

/// The entry of a conversation in its project's list: our id leads to the integrator's.
pub(super) fn conversation_entry(
    workspace: WorkspaceId,
    project: ProjectId,
    id: ConversationId,
) -> Key {
    let shard = id.shard(LIST_SHARDS);
    Key::new(format!("{}#V#{shard}", place(workspace, project)), id.bare())
}

/// A project's list of conversations.
pub(super) fn conversation_entries(workspace: WorkspaceId, project: ProjectId) -> Vec<Span> {
    sharded(&format!("{}#V", place(workspace, project)))
}

/// The project in whose list an entry stands.
pub(super) fn parse_list(key: &Key) -> Option<ProjectId> {
    let (_, rest) = key.partition.strip_prefix("W#")?.split_once("#P#")?;
    ProjectId::from_bare(rest.split_once('#')?.0)
}

/// The entry of a conversation in its project's list of leads.
pub(super) fn lead_entry(workspace: WorkspaceId, project: ProjectId, id: ConversationId) -> Key {
    let shard = id.shard(LIST_SHARDS);
    Key::new(format!("{}#E#{shard}", place(workspace, project)), id.bare())
}

/// A project's list of leads.
pub(super) fn lead_entries(workspace: WorkspaceId, project: ProjectId) -> Vec<Span> {
    sharded(&format!("{}#E", place(workspace, project)))
}

/// An end user.
pub(super) fn contact(workspace: WorkspaceId, user: &ExternalId) -> Key {
    Key::new(format!("{}#U#{user}", tenant(workspace)), "U")
}

/// The last mails to an end user.
pub(super) fn mails_to_user(workspace: WorkspaceId, user: &ExternalId) -> Key {
    Key::new(format!("{}#U#{user}", tenant(workspace)), "N")
}

/// A link that verifies a contact.
pub(super) fn link(workspace: WorkspaceId, hash: &LinkHash) -> Key {
    Key::new(format!("{}#Y#{}", tenant(workspace), base32(&hash.0)), "Y")
}

fn wallet(workspace: WorkspaceId, shard: u8) -> String {
    format!("{}#B#{shard}", tenant(workspace))
}

/// A shard of a wallet.
pub(super) fn wallet_shard(workspace: WorkspaceId, shard: u8) -> Key {
    Key::new(wallet(workspace, shard), "B")
}

/// The ledger row of a charge. (That one message is charged once is the message's own state.)
pub(super) fn charge(workspace: WorkspaceId, shard: u8, entry: LedgerEntryId) -> Key {
    Key::new(wallet(workspace, shard), format!("L#{}", entry.bare()))
}

/// The ledger row of a credit.
pub(super) fn credit(workspace: WorkspaceId, entry: LedgerEntryId) -> Key {
    Key::new(wallet(workspace, 0), format!("L#{}", entry.bare()))
}

/// A wallet's ledger.
pub(super) fn ledger(workspace: WorkspaceId, shards: u8) -> Vec<Span> {
    (0..shards).map(|shard| Span::prefixed(wallet(workspace, shard), "L#")).collect()
}

/// The first use of an idempotency key for a message.
pub(super) fn idempotency(workspace: WorkspaceId, key: &IdempotencyKey) -> Key {
    Key::new(format!("{}#I#{}", tenant(workspace), digest(key.as_str())), "I")
}

/// The first use of an idempotency key for a credit. Each kind has its own keys: those of a top-up are
/// the operator's, and must not meet those that we make.
pub(super) fn top_up(workspace: WorkspaceId, kind: LedgerKind, key: &IdempotencyKey) -> Key {
    let digest = digest(key.as_str());
    Key::new(format!("{}#T#{}#{digest}", tenant(workspace), kind.as_str()), "T")
}

/// A claim to an idempotency key of the header.
pub(super) fn claim(place: &Place) -> Key {
    let digest = digest(place.key.as_str());
    let owner = match place.project {
        Some(project) => self::place(place.workspace, project),
        None => tenant(place.workspace),
    };
    Key::new(format!("{owner}#H#{}#{digest}", place.api), "H")
}

/// The project that a row names.
pub(super) fn parse_project(key: &Key) -> Option<(WorkspaceId, ProjectId)> {
    let workspace = WorkspaceId::from_bare(key.partition.strip_prefix("W#")?)?;
    Some((workspace, ProjectId::from_bare(key.sort.strip_prefix("P#")?)?))
}

/// A widget.
pub(super) fn widget(workspace: WorkspaceId, project: ProjectId, id: WidgetId) -> Key {
    Key::new(format!("{}#G", place(workspace, project)), id.bare())
}

/// A project's widgets.
pub(super) fn widgets(workspace: WorkspaceId, project: ProjectId) -> Span {
    Span::whole(format!("{}#G", place(workspace, project)))
}

/// An entry of the request log.
pub(super) fn request(workspace: WorkspaceId, id: RequestId) -> Key {
    let shard = id.shard(LIST_SHARDS);
    Key::new(format!("{}#R#{shard}", tenant(workspace)), id.bare())
}

/// A workspace's request log.
pub(super) fn requests(workspace: WorkspaceId) -> Vec<Span> {
    sharded(&format!("{}#R", tenant(workspace)))
}

/// The counter of wrong keys from one source address in one minute. The address is not kept.
pub(super) fn wrong_keys(address: &str, minute: i64) -> Key {
    let hash = base32(&Sha256::digest(address.as_bytes())[..10]);
    Key::new(format!("GUESS#{hash}#{minute}"), "G")
}

/// The counter of the operator's requests in one minute.
pub(super) fn operator_requests(minute: i64) -> Key {
    Key::new(format!("OPERATOR#{minute}"), "O")
}

/// The counter of links asked for one address in one minute. The address is not kept.
pub(super) fn link_requests(email: &str, minute: i64) -> Key {
    Key::new(format!("ASK#{}#{minute}", digest(email)), "Q")
}

/// The last mails to one address, over all workspaces. The address is not kept.
pub(super) fn mails_to_address(email: &str) -> Key {
    Key::new(format!("MAIL#{}", digest(email)), "N")
}

/// The value that puts a row into a shard of the index of what is owed.
pub(super) fn owed_shard(shard: u8) -> String {
    format!("O#{shard}")
}

/// The value that puts a row with this id into the index of what is owed.
pub(super) fn owed_mark<M: Marker>(id: Id<M>) -> String {
    owed_shard(id.shard(OWED_SHARDS))
}

fn sharded(partition: &str) -> Vec<Span> {
    (0..LIST_SHARDS).map(|shard| Span::whole(format!("{partition}#{shard}"))).collect()
}

/// Hashed, because a key of the caller's may hold a `#`.
fn digest(text: &str) -> String {
    base32(&Sha256::digest(text.as_bytes()))
}

#[cfg(test)]
#[path = "keys_tests.rs"]
mod tests;
