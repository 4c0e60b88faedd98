//! What a human who is handed a conversation should know.

use super::Conversation;
use crate::message::Message;

/// The longest summary, in characters.
const MAX_SUMMARY_CHARS: usize = 500;

/// What a human should know at a glance: how long the conversation is and what was asked last.
pub(crate) fn summary(conversation: &Conversation, message: &Message) -> String {
    let turns = match conversation.seq {
        1 => "1 message so far".to_owned(),
        turns => format!("{turns} messages so far"),
    };
    let words: Vec<&str> = message.content.as_str().split_whitespace().collect();
    let text = format!("{turns}. Last from the visitor: {}", words.join(" "));
    if text.chars().count() <= MAX_SUMMARY_CHARS {
        return text;
    }
    let cut: String = text.chars().take(MAX_SUMMARY_CHARS - 1).collect();
    format!("{}…", cut.trim_end())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::conversation::{ConversationRef, ConversationStatus, Owner};
    use crate::message::{Sender, Visibility};
    use crate::text::{Content, ExternalId};

    fn of(said: &str, seq: u64) -> String {
        let none = "0".repeat(26);
        let conversation = Conversation {
            id: format!("cv_{none}").parse().unwrap(),
            reference: ConversationRef {
                workspace: format!("ws_{none}").parse().unwrap(),
                project: format!("pr_{none}").parse().unwrap(),
                external: ExternalId::parse("id", "c").unwrap(),
            },
            owner: Owner::Ai,
            status: ConversationStatus::Open,
            seq,
            version: seq,
            pending_replies: 0,
            last_key: None,
            last_user: None,
            person: crate::contact::Person::default(),
            told: Vec::new(),
            source: crate::conversation::Source::default(),
            said_at: Timestamp::UNIX_EPOCH,
            low_confidence_turns: 0,
            human_seq: 0,
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
        };
        let message = Message {
            id: format!("msg_{none}").parse().unwrap(),
            seq,
            sender: Sender::Visitor,
            content: Content::parse("content", said).unwrap(),
            visibility: Visibility::Public,
            user: None,
            agent_name: None,
            background: None,
            citations: Vec::new(),
            confidence: None,
            created_at: Timestamp::UNIX_EPOCH,
        };
        summary(&conversation, &message)
    }

    #[test]
    fn a_summary_counts_the_messages_and_quotes_the_last() {
        assert_eq!(
            of("A  human,\nplease", 1),
            "1 message so far. Last from the visitor: A human, please"
        );
        assert!(of("x", 7).starts_with("7 messages so far."));
    }

    #[test]
    fn a_summary_has_five_hundred_characters_at_most() {
        let long = of(&"ü ".repeat(8_000), 3);
        assert!(long.chars().count() <= MAX_SUMMARY_CHARS && long.ends_with('…'), "{long}");
    }
}
