//! What is held for the reply to a message, and in which shard of the wallet.

use std::time::Duration;

use super::{Disposition, SubmitCommand};
use crate::app::App;
use crate::conversation::Conversation;
use crate::ports::{Clock, Ports, Situation};
use crate::project::{Bounds, Project};
use crate::reply::tokens;
use crate::time;
use crate::wallet::{self, Hold};

/// Tokens of a prompt beside the message itself, at least.
const PROMPT_OVERHEAD_TOKENS: u64 = 1_024;

/// A reply is owed, and its worst case is held.
pub(super) fn generation<P: Ports>(
    app: &App<P>,
    command: &SubmitCommand,
    current: &Situation,
    shard: u8,
    grace: Duration,
) -> Disposition {
    let workspace = &current.workspace;
    let now = app.now();
    let bounds = bounds_for(&current.project, command);
    let hold = Hold {
        amount: bounds.worst_case(&workspace.rates),
        shard,
        rates: workspace.rates,
        max_input_tokens: bounds.max_input_tokens,
        max_output_tokens: bounds.max_output_tokens,
        model_calls: bounds.model_calls,
        month: time::month(now),
    };
    // Only a named user has a cap.
    let user_cap = command.user.as_ref().and(workspace.limits.user_monthly_cap);
    Disposition::Generate { hold, user_cap, due: now + grace }
}

/// The agent's bounds, widened for a message that would not fit its prompt: what was accepted is read.
fn bounds_for(project: &Project, command: &SubmitCommand) -> Bounds {
    let told = command.background.as_ref().map_or(0, |text| tokens::estimate(text.as_str()));
    let needed = tokens::estimate(command.content.as_str()) + told + PROMPT_OVERHEAD_TOKENS;
    project.bounds(u32::try_from(needed).unwrap_or(u32::MAX))
}

/// The shard that a conversation pays from first.
pub(super) fn home_shard(current: &Situation, conversation: &Conversation) -> u8 {
    conversation.id.shard(wallet::shard_count(current.workspace.wallet_shards))
}

/// What the hold's shard may take of the month's messages.
pub(super) fn shard_quota(current: &Situation, disposition: &Disposition) -> Option<u32> {
    let Disposition::Generate { hold, .. } = disposition else { return None };
    let quota = current.workspace.plan.terms().messages_per_month?;
    let shards = wallet::shard_count(current.workspace.wallet_shards);
    Some(wallet::quota_share(quota, shards, hold.shard))
}
