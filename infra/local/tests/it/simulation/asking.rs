//! Requests that wait for their replies, and the processes that die while they do.

use std::time::Duration;

use aiva_core::error::Error;
use aiva_core::id::MessageId;
use aiva_core::message::{self, Asked, Outcome, SubmitCommand, SubmitReceipt, Waiting};
use aiva_core::money::MicroCredits;

use super::actions::{draw, holder, note};
use super::world::World;

/// How long a request waits for its reply.
const WITHIN: Duration = Duration::from_secs(27);
/// How long the reply may take, whether somebody waits or not.
const AT_MOST: Duration = Duration::from_secs(85);

/// Somebody asks and waits; often two at once, in one conversation or two, now and then with the very
/// same request. The process may die at any of its requests, and a caller may hang up.
pub(super) async fn ask(world: &mut World) {
    let one = draw(world);
    let two = match world.dice.below(3) {
        0 => None,
        1 => Some(one),
        _ => Some(draw(world)),
    };
    let holders = (holder(world), holder(world));
    let command = |serial: usize| world.sent[serial].command.clone();
    let first = wait(world, command(one), holders.0);
    match two {
        None => {
            let first = first.await;
            heard(world, one, vec![first]);
        }
        Some(two) => {
            let second = wait(world, command(two), holders.1);
            let (first, second) = tokio::join!(first, second);
            if one == two {
                heard(world, one, vec![first, second]);
            } else {
                heard(world, one, vec![first]);
                heard(world, two, vec![second]);
            }
        }
    }
}

/// What one caller hears: of the message, and of the reply if the caller waits for it.
struct Heard {
    receipt: Result<SubmitReceipt, Error>,
    asked: Option<Result<Asked, Error>>,
}

async fn wait(world: &World, command: SubmitCommand, holder: String) -> Heard {
    let receipt = match message::begin(&world.app, &command, None, WITHIN).await {
        Ok(receipt) => receipt,
        Err(error) => return Heard { receipt: Err(error), asked: None },
    };
    // The process is gone before it even begins to wait.
    if world.dice.chance(10) {
        return Heard { receipt: Ok(receipt), asked: None };
    }
    let waiting = Waiting { holder, listener: &|_: &str| {}, within: WITHIN, at_most: AT_MOST };
    let asked = message::attend(&world.app, &world.desk, receipt.clone(), waiting).await;
    Heard { receipt: Ok(receipt), asked: Some(asked) }
}

/// What is told of a reply must be the reply to that very message, and two who ask the same are told
/// the same.
fn heard(world: &mut World, serial: usize, callers: Vec<Heard>) {
    let said = world.sent[serial].command.content.as_str().to_owned();
    let mut told: Option<Told> = None;
    for asked in callers.iter().filter_map(|caller| caller.asked.as_ref()) {
        let now = match asked {
            Ok(Asked { outcome: Outcome::Replied { reply, charge, .. }, .. }) => {
                let answered = reply.content.as_str().split_once(" to ").map(|(_, text)| text);
                assert_eq!(answered, Some(said.as_str()), "told the reply to something else");
                assert!(*charge <= world.worst_case, "told a charge above the hold");
                Told::Reply(reply.id, *charge)
            }
            Ok(Asked { outcome: Outcome::Silent { charge, .. }, .. }) => Told::Nothing(*charge),
            Ok(Asked { outcome: Outcome::Failed, .. }) => Told::Failure,
            Ok(Asked { outcome: Outcome::Slow, .. }) => continue,
            Err(error) => {
                assert!(error.is_retryable(), "{error:?}");
                continue;
            }
        };
        assert_eq!(*told.get_or_insert(now), now, "one message ended twice");
    }
    note(world, serial, callers.into_iter().map(|caller| caller.receipt).collect());
}

/// How a message ended for one who waited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Reply(MessageId, MicroCredits),
    Nothing(MicroCredits),
    Failure,
}
