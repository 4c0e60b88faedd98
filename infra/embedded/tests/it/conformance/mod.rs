//! One suite for every SQS: the embedded engine and moto answer the same scenarios.

mod batch;
mod fifo;
mod lifecycle;
mod moto;
mod queue;
mod refusal;

use std::collections::BTreeMap;
use std::pin::Pin;

use aiva_embedded::{Clock, EmbeddedSqs};
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;

use crate::support::create_queue;

/// Where moto is known to differ from what AWS documents, which the engine follows.
///
/// A scenario that meets a difference checks moto's behaviour too, so that the entry goes when
/// moto changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Difference {
    /// Moto gives a duplicate a message id of its own; the engine repeats that of the first.
    DuplicatesHaveTheirOwnId,
    /// Moto deletes by a handle that is stale; AWS does nothing on a standard queue.
    StaleHandlesDelete,
    /// Moto calls the handle of a deleted message invalid; AWS says the message is not there.
    HandlesOfDeletedMessagesAreInvalid,
    /// Moto takes an empty body; AWS wants at least one character.
    EmptyBodiesAreTaken,
    /// Moto keeps an attribute it does not know; AWS names it in an error.
    UnknownAttributesAreKept,
    /// Moto draws sequence numbers at random; AWS counts upwards.
    SequenceNumbersAreRandom,
    /// Moto takes characters that XML does not allow; AWS refuses the body.
    ControlCharactersAreTaken,
    /// Moto has no move tasks and fails when asked for one.
    MoveTasksAreMissing,
    /// Moto does not check the range of an attribute when a queue is created.
    AttributeRangesAreNotChecked,
}

impl Difference {
    /// All that moto 5.2.5 has.
    const OF_MOTO: [Self; 9] = [
        Self::DuplicatesHaveTheirOwnId,
        Self::StaleHandlesDelete,
        Self::HandlesOfDeletedMessagesAreInvalid,
        Self::EmptyBodiesAreTaken,
        Self::UnknownAttributesAreKept,
        Self::SequenceNumbersAreRandom,
        Self::ControlCharactersAreTaken,
        Self::MoveTasksAreMissing,
        Self::AttributeRangesAreNotChecked,
    ];
}

/// An SQS under test.
#[derive(Clone)]
pub(crate) struct Peer {
    pub(crate) client: Client,
    differences: &'static [Difference],
}

impl Peer {
    /// Says whether the peer has a known difference.
    pub(crate) fn differs(&self, difference: Difference) -> bool {
        self.differences.contains(&difference)
    }

    /// Creates a queue of the scenario's own and returns its URL.
    pub(crate) async fn queue(
        &self,
        name: &str,
        attributes: &[(QueueAttributeName, &str)],
    ) -> String {
        create_queue(&self.client, name, attributes).await
    }
}

type Scenario = fn(Peer) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// Lists functions as scenarios under their own names.
macro_rules! scenarios {
    ($($module:ident :: $name:ident),* $(,)?) => {
        [$((stringify!($name), (|peer| Box::pin($module::$name(peer))) as Scenario)),*]
    };
}

/// Runs every scenario at once and fails with the names of those that failed.
async fn suite(peer: Peer) {
    let scenarios = scenarios![
        lifecycle::a_message_comes_back_with_its_digests_and_attributes,
        lifecycle::only_what_was_asked_for_is_returned,
        lifecycle::a_hidden_message_is_visible_again_after_its_timeout,
        lifecycle::a_receive_that_hides_for_no_time_leaves_the_message_visible,
        lifecycle::the_visibility_of_a_held_message_can_be_changed,
        lifecycle::a_deleted_message_stays_gone_and_may_be_deleted_again,
        lifecycle::a_handle_goes_stale_when_the_message_is_received_again,
        lifecycle::a_delayed_message_reaches_a_long_poll_when_it_is_due,
        lifecycle::a_long_poll_wakes_when_a_message_is_sent,
        lifecycle::an_empty_long_poll_ends_after_its_wait,
        lifecycle::a_group_on_a_standard_queue_is_returned_and_blocks_nothing,
        fifo::a_group_is_blocked_while_one_of_its_messages_is_in_flight,
        fifo::one_receive_takes_a_group_in_order,
        fifo::a_released_head_comes_before_what_stands_behind_it,
        fifo::sequence_numbers_grow_and_come_back,
        fifo::a_deduplication_id_is_sent_once,
        fifo::content_based_deduplication_looks_at_the_body,
        fifo::a_message_without_group_or_deduplication_id_is_refused,
        fifo::a_worn_out_head_goes_to_the_dead_letter_queue_and_frees_its_group,
        batch::a_batch_answers_for_each_entry,
        batch::a_batch_of_the_wrong_size_or_ids_is_refused,
        batch::deleting_and_changing_in_batches_answer_for_each_entry,
        queue::creating_a_queue_twice_returns_the_same_queue,
        queue::creating_a_queue_with_other_attributes_is_refused,
        queue::a_queue_counts_what_is_visible_in_flight_and_delayed,
        queue::changed_attributes_take_effect,
        queue::a_purged_queue_is_empty,
        queue::a_message_received_too_often_goes_to_the_dead_letter_queue,
        queue::dead_letters_can_be_moved_back,
        queue::a_deleted_queue_is_gone,
        refusal::a_missing_queue_has_its_typed_error,
        refusal::values_beyond_the_limits_are_refused,
        refusal::unknown_attributes_are_refused,
        refusal::a_made_up_receipt_handle_is_refused,
    ];
    let running: BTreeMap<_, _> = scenarios
        .into_iter()
        .map(|(name, scenario)| (name, tokio::spawn(scenario(peer.clone()))))
        .collect();
    let mut failed = Vec::new();
    for (name, scenario) in running {
        if scenario.await.is_err() {
            failed.push(name);
        }
    }
    assert!(failed.is_empty(), "these scenarios failed: {failed:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_embedded_engine_passes_the_suite() {
    let client = EmbeddedSqs::memory(Clock::System).unwrap().client();
    suite(Peer { client, differences: &[] }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn moto_passes_the_suite() {
    let server = moto::Server::start().await;
    suite(Peer { client: server.client(), differences: &Difference::OF_MOTO }).await;
}
