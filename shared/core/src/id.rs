//! Typed identifiers: a UUIDv7 inside, a prefix and order-preserving base32 outside (`msg_…`).

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;
use std::sync::LazyLock;

use data_encoding::{Encoding, Specification};
use jiff::Timestamp;
use uuid::Uuid;

use crate::ports::Entropy;

/// Crockford's alphabet in lower case: its order is the order of the bytes it encodes.
static BASE32: LazyLock<Encoding> = LazyLock::new(|| {
    let mut specification = Specification::new();
    specification.symbols.push_str("0123456789abcdefghjkmnpqrstvwxyz");
    specification.encoding().expect("the alphabet has 32 distinct symbols")
});

/// Encodes bytes in lower-case, order-preserving base32 without padding.
pub fn base32(bytes: &[u8]) -> String {
    BASE32.encode(bytes)
}

/// Decodes what [`base32`] wrote; `None` for anything else.
pub fn base32_decode(text: &str) -> Option<Vec<u8>> {
    BASE32.decode(text.as_bytes()).ok()
}

/// Length of an encoded identifier without its prefix, in characters.
pub const ID_CHARS: usize = 26;

/// Names what an [`Id`] points at.
pub trait Marker: 'static {
    /// The public prefix, without the underscore.
    const PREFIX: &'static str;
}

/// An identifier of one kind of thing, sortable by the time it was made.
pub struct Id<M> {
    uuid: Uuid,
    marker: PhantomData<fn() -> M>,
}

impl<M: Marker> Id<M> {
    /// Makes an identifier from a moment and ten random bytes.
    pub fn new(now: Timestamp, entropy: &impl Entropy) -> Self {
        let mut random = [0_u8; 10];
        entropy.fill(&mut random);
        let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
        Self::from_uuid(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }

    /// The least identifier of a moment: what was made before sorts before it.
    pub fn least_of(at: Timestamp) -> Self {
        let millis = u64::try_from(at.as_millisecond()).unwrap_or(0);
        Self::from_uuid(Uuid::from_u128(u128::from(millis) << 80))
    }

    /// Wraps an existing UUID.
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self { uuid, marker: PhantomData }
    }

    /// The UUID inside.
    pub const fn uuid(self) -> Uuid {
        self.uuid
    }

    /// The moment in the identifier, to the millisecond.
    pub fn timestamp(self) -> Timestamp {
        let millis = self.uuid.as_u128() >> 80;
        Timestamp::from_millisecond(i64::try_from(millis).unwrap_or(0)).unwrap_or_default()
    }

    /// The least and the greatest identifier of a moment, for ranges.
    pub fn range_at(at: Timestamp) -> (Self, Self) {
        let millis = u128::try_from(at.as_millisecond()).unwrap_or(0) & ((1 << 48) - 1);
        let least = millis << 80;
        let id = |bits| Self::from_uuid(Uuid::from_u128(bits));
        (id(least), id(least | ((1 << 80) - 1)))
    }

    /// The 26 characters of the identifier without its prefix.
    pub fn bare(self) -> String {
        base32(self.uuid.as_bytes())
    }

    /// Reads the 26 characters that [`Id::bare`] wrote.
    pub fn from_bare(text: &str) -> Option<Self> {
        if text.len() != ID_CHARS {
            return None;
        }
        let bytes = base32_decode(text)?;
        Uuid::from_slice(&bytes).ok().map(Self::from_uuid)
    }

    /// Picks one of `shards` by the random tail of the identifier.
    pub fn shard(self, shards: u8) -> u8 {
        self.uuid.as_bytes()[15] % shards.max(1)
    }
}

/// The text is not an identifier of this kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a valid id")]
pub struct InvalidId;

impl<M: Marker> FromStr for Id<M> {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let bare = text.strip_prefix(M::PREFIX).and_then(|rest| rest.strip_prefix('_'));
        bare.and_then(Self::from_bare).ok_or(InvalidId)
    }
}

impl<M: Marker> fmt::Display for Id<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", M::PREFIX, self.bare())
    }
}

impl<M: Marker> fmt::Debug for Id<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<M> Clone for Id<M> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<M> Copy for Id<M> {}
impl<M> PartialEq for Id<M> {
    fn eq(&self, other: &Self) -> bool {
        self.uuid == other.uuid
    }
}
impl<M> Eq for Id<M> {}
impl<M> PartialOrd for Id<M> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<M> Ord for Id<M> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.uuid.cmp(&other.uuid)
    }
}
impl<M> Hash for Id<M> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.uuid.hash(state);
    }
}

impl<M: Marker> serde::Serialize for Id<M> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, M: Marker> serde::Deserialize<'de> for Id<M> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

macro_rules! markers {
    ($($(#[$doc:meta])* $marker:ident = $prefix:literal => $alias:ident),* $(,)?) => {
        /// The kinds of things that have identifiers.
        pub mod marker {
            $( $(#[$doc])* #[derive(Debug, Clone, Copy)] pub struct $marker;
               impl super::Marker for $marker { const PREFIX: &'static str = $prefix; } )*
        }
        $( $(#[$doc])* pub type $alias = Id<marker::$marker>; )*
    };
}

markers! {
    /// A workspace: the tenant, with its wallet and limits.
    Workspace = "ws" => WorkspaceId,
    /// A project: one agent with its knowledge.
    Project = "pr" => ProjectId,
    /// An API key inside its workspace (see [`crate::key::KeyId`]).
    Key = "key" => BareKeyId,
    /// A conversation.
    Conversation = "cv" => ConversationId,
    /// A contact: a person who chats.
    Contact = "ct" => ContactId,
    /// A message of a conversation.
    Message = "msg" => MessageId,
    /// A delivery of one event to one endpoint.
    Delivery = "dl" => DeliveryId,
    /// A webhook inside its workspace (see [`crate::webhook::WebhookId`]).
    Webhook = "wh" => BareWebhookId,
    /// Something that happened, told to whoever subscribed.
    Occasion = "evt" => OccasionId,
    /// One attempt of a delivery.
    Attempt = "att" => AttemptId,
    /// A recovery of missed events.
    Recovery = "rcv" => RecoveryId,
    /// A source of knowledge.
    Source = "src" => SourceId,
    /// An operator inside its workspace (see [`crate::operator::OperatorId`]).
    Operator = "op" => BareOperatorId,
    /// A payment.
    Payment = "pay" => PaymentId,
    /// A widget on a website.
    Widget = "wg" => WidgetId,
    /// A file that is uploaded before its source is made.
    Upload = "up" => UploadId,
    /// A row of the ledger.
    LedgerEntry = "le" => LedgerEntryId,
    /// A request that the API answered.
    Request = "req" => RequestId,
    /// A call of a tool.
    ToolCall = "call" => ToolCallId,
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(u8);
    impl Entropy for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    #[test]
    fn the_text_of_an_id_reads_back_and_sorts_by_time() {
        let early = MessageId::new(Timestamp::from_millisecond(1_000).unwrap(), &Fixed(255));
        let late = MessageId::new(Timestamp::from_millisecond(1_001).unwrap(), &Fixed(0));
        assert!(early.to_string() < late.to_string());
        assert_eq!(early.to_string().parse::<MessageId>(), Ok(early));
        assert_eq!(late.timestamp().as_millisecond(), 1_001);
        assert_eq!(early.bare().len(), ID_CHARS);
    }

    #[test]
    fn every_id_of_a_moment_lies_in_its_range() {
        let at = Timestamp::from_millisecond(1_790_000_000_123).unwrap();
        let (least, greatest) = MessageId::range_at(at);
        for byte in [0, 7, 255] {
            let id = MessageId::new(at, &Fixed(byte));
            assert!((least..=greatest).contains(&id));
        }
        let next = at + std::time::Duration::from_millis(1);
        assert!(greatest < MessageId::range_at(next).0);
    }

    #[test]
    fn another_kinds_prefix_is_refused() {
        let id = MessageId::new(Timestamp::UNIX_EPOCH, &Fixed(1));
        assert!(id.to_string().parse::<ProjectId>().is_err());
        assert!("msg_".parse::<MessageId>().is_err());
        assert!("msg_zzzzzzzzzzzzzzzzzzzzzzzzzzz".parse::<MessageId>().is_err());
    }
}
