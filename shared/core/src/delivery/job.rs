//! What the queue carries for a delivery.

use super::{Delivery, Trigger};
use crate::outbox::DeliveryJob;

/// The queue's message for a delivery.
pub fn job_of(delivery: &Delivery) -> DeliveryJob {
    DeliveryJob {
        workspace_id: delivery.workspace(),
        delivery_id: delivery.id,
        endpoint: delivery.endpoint.to_string(),
        urgent: delivery.trigger != Trigger::Auto,
    }
}
