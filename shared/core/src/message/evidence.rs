//! How sure a reply is, from what is stored with it and never from the model's own word.

use super::{Message, Sender};

/// A reply's confidence in thousandths, as it was weighed when it was written; `None` for what people
/// say.
pub fn confidence(message: &Message) -> Option<u16> {
    (message.sender == Sender::Ai).then(|| message.confidence.unwrap_or(0))
}

/// What a citation weighs among those of its reply, in thousandths, by its rank from 0: 1000, 500, 333….
pub fn weight(rank: usize) -> u16 {
    let place = u16::try_from(rank).unwrap_or(u16::MAX).saturating_add(1);
    1_000 / place
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{MessageId, SourceId};
    use crate::message::{Citation, Visibility};
    use crate::ports::Entropy;
    use crate::text::Content;
    use jiff::Timestamp;

    struct Zeros;
    impl Entropy for Zeros {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0);
        }
    }

    fn said(sender: Sender, cited: usize) -> Message {
        let citation = Citation {
            source_id: SourceId::new(Timestamp::UNIX_EPOCH, &Zeros),
            title: String::new(),
            url: None,
            passage: String::new(),
        };
        Message {
            id: MessageId::new(Timestamp::UNIX_EPOCH, &Zeros),
            seq: 1,
            sender,
            content: Content::parse("content", "x").unwrap(),
            visibility: Visibility::Public,
            user: None,
            agent_name: None,
            background: None,
            citations: vec![citation; cited],
            confidence: None,
            created_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn only_a_reply_of_the_agent_has_a_confidence() {
        assert_eq!(confidence(&said(Sender::Ai, 0)), Some(0));
        let sure = Message { confidence: Some(730), ..said(Sender::Ai, 1) };
        assert_eq!(confidence(&sure), Some(730));
        assert_eq!(confidence(&said(Sender::Visitor, 0)), None);
        assert_eq!(confidence(&said(Sender::Agent, 0)), None);
    }

    #[test]
    fn the_first_citation_weighs_most() {
        assert_eq!([weight(0), weight(1), weight(2)], [1_000, 500, 333]);
    }
}
