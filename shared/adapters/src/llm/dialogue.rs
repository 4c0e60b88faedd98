//! A conversation as chat models take it: two roles in turn.

use aiva_core::message::Sender;
use aiva_core::reply::ModelRequest;

/// What tells a human colleague's words from the model's own.
const COLLEAGUE: &str = "[colleague] ";

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    User,
    Assistant,
}

/// The history and the question; turns of one role in a row are joined, empty ones left out.
pub(super) fn dialogue(request: &ModelRequest) -> Vec<(Role, String)> {
    let mut turns: Vec<(Role, String)> = Vec::with_capacity(request.history.len() + 1);
    let mut say = |role, prefix: &str, text: &str| {
        let text = text.trim();
        match turns.last_mut() {
            _ if text.is_empty() => {}
            Some((last, said)) if *last == role => {
                said.push_str("\n\n");
                said.push_str(prefix);
                said.push_str(text);
            }
            Some(_) | None => turns.push((role, format!("{prefix}{text}"))),
        }
    };
    for turn in &request.history {
        match turn.sender {
            Sender::Visitor => say(Role::User, "", &turn.text),
            Sender::Ai => say(Role::Assistant, "", &turn.text),
            Sender::Agent => say(Role::Assistant, COLLEAGUE, &turn.text),
        }
    }
    say(Role::User, "", &request.question);
    turns
}

#[cfg(test)]
mod tests {
    use aiva_core::reply::Turn;

    use super::*;

    #[test]
    fn roles_take_turns_and_a_colleague_is_marked() {
        let turn = |sender, text: &str| Turn { sender, text: text.to_owned() };
        let request = ModelRequest {
            history: vec![
                turn(Sender::Visitor, "one"),
                turn(Sender::Visitor, "two"),
                turn(Sender::Ai, "three"),
                turn(Sender::Agent, "four"),
                turn(Sender::Ai, " "),
            ],
            question: "five".to_owned(),
            ..ModelRequest::default()
        };
        let expected = [
            (Role::User, "one\n\ntwo".to_owned()),
            (Role::Assistant, "three\n\n[colleague] four".to_owned()),
            (Role::User, "five".to_owned()),
        ];
        assert_eq!(dialogue(&request), expected);
    }
}
