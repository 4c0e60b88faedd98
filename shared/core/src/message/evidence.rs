//! How sure a reply is, from what is stored with it and never from the model's own word.

use super::{Message, Sender};

/// A reply's confidence in thousandths; `None` for what people say. A reply that cites nothing has
/// none (it is what `low confidence` means everywhere), one that cites a passage 600, each further
/// passage adds 100, up to 900.
pub fn confidence(message: &Message) -> Option<u16> {
    if message.sender != Sender::Ai {
        return None;
    }
    let cited = u16::try_from(message.citations.len()).unwrap_or(u16::MAX);
    Some(if cited == 0 { 0 } else { 900.min(500 + 100 * cited.min(4)) })
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
            created_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_reply_is_the_surer_the_more_it_rests_on_and_never_certain() {
        let of = |cited| confidence(&said(Sender::Ai, cited));
        assert_eq!([of(0), of(1), of(2), of(4), of(9)], [0, 600, 700, 900, 900].map(Some));
        assert_eq!(confidence(&said(Sender::Visitor, 0)), None);
        assert_eq!(confidence(&said(Sender::Agent, 0)), None);
    }

    #[test]
    fn the_first_citation_weighs_most() {
        assert_eq!([weight(0), weight(1), weight(2)], [1_000, 500, 333]);
    }
}
