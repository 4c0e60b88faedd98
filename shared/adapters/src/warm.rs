//! Connections that are opened before they are needed.

use std::future::Future;

use crate::absent::{NoQueue, NoVault};

/// Something behind a connection of its own.
pub trait Warm {
    /// Makes a cheap call, so that the next one finds an open connection. Any outcome is fine.
    fn warm(&self) -> impl Future<Output = ()> + Send;
}

impl Warm for NoQueue {
    async fn warm(&self) {}
}

impl Warm for NoVault {
    async fn warm(&self) {}
}
