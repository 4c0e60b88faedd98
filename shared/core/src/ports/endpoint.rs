//! Endpoints: how they stand, and how they have been doing.

use std::future::Future;

use jiff::Timestamp;

use crate::callback::{Disabled, Endpoint, EndpointId, Health};
use crate::error::Result;

/// Endpoints as the delivery worker sees them.
pub trait EndpointStore: Send + Sync + 'static {
    /// Reads an endpoint; `None` when it was taken away, or its owner is gone.
    fn endpoint(&self, id: EndpointId) -> impl Future<Output = Result<Option<Endpoint>>> + Send;

    /// Counts one more failure. The run's beginning stays as it is, and so does the oldest event missed
    /// unless that of `after` is older; the end of the pause is that of `after`, where it has one.
    fn note_failure(
        &self,
        id: EndpointId,
        after: &Health,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Notes that an endpoint misses an event that arose at this moment, unless it misses an older one.
    fn note_missed(
        &self,
        id: EndpointId,
        arose: Timestamp,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Forgets all failures.
    fn note_success(&self, id: EndpointId) -> impl Future<Output = Result<()>> + Send;

    /// Moves the end of the pause, if it is still what was read: of many workers, one may then make an
    /// attempt and is told `None`; the others are told how the endpoint stands.
    fn take_probe(
        &self,
        id: EndpointId,
        was: Option<Timestamp>,
        until: Timestamp,
    ) -> impl Future<Output = Result<Option<Health>>> + Send;

    /// Disables an endpoint, and owes its workspace's owner word of it, in one write; `false` when the
    /// endpoint has changed since it was read.
    fn disable_endpoint(
        &self,
        read: &Endpoint,
        disabled: &Disabled,
        due: Timestamp,
    ) -> impl Future<Output = Result<bool>> + Send;

    /// Notes that word of an endpoint is no longer owed, unless it was changed since it was read.
    fn end_notice(&self, read: &Endpoint) -> impl Future<Output = Result<()>> + Send;
}
