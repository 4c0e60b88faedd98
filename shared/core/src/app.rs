//! What every use case may need, wired once by each binary.

use jiff::Timestamp;

use crate::ports::{Clock, Entropy, Ports};

/// The ports that the API and the workers share. A use case that needs another (a model, outgoing
/// HTTP) takes it as an argument.
#[derive(Debug)]
pub struct App<P: Ports> {
    /// What is stored.
    pub store: P::Store,
    /// What is sent to the workers.
    pub queue: P::Queue,
    /// Sealed secrets and MACs.
    pub vault: P::Vault,
    /// Large things that are written once.
    pub objects: P::Objects,
    /// Mail on its way out.
    pub mailer: P::Mailer,
    /// The names of the Internet.
    pub names: P::Names,
    /// The clock.
    pub clock: P::Clock,
    /// Randomness.
    pub entropy: P::Entropy,
    /// The deployment's settings.
    pub settings: Settings,
}

/// Settings of one deployment that rules depend on.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The brand in callbacks (`poweredBy`).
    pub powered_by: String,
    /// Which callback URLs may be saved and called.
    pub egress: crate::egress::EgressPolicy,
    /// How long the queue is trusted before the sweep sends again, in milliseconds.
    pub outbox_grace_ms: u64,
    /// How long a request waits for its reply, in milliseconds. It is less than what stands between
    /// the caller and us allows (29 s).
    pub answer_within_ms: u64,
    /// How long a stream waits for the end of its reply, in milliseconds.
    pub stream_within_ms: u64,
    /// How long a reply may take that was begun for a request, in milliseconds, whether the request still
    /// waits for it or not. A function lives a little longer.
    pub write_within_ms: u64,
    /// How end users prove who they are.
    pub identity: IdentitySettings,
    /// How payments are collected.
    pub payments: crate::payment::PaymentSettings,
    /// What the dialects say of what happens.
    pub render: crate::webhook::Render,
    /// Where knowledge may come from.
    pub knowledge: crate::knowledge::KnowledgeSettings,
}

/// Settings of the proof of who an end user is.
#[derive(Debug, Clone)]
pub struct IdentitySettings {
    /// Where this deployment is reached, without a slash at its end; mailed links begin with it.
    pub public_url: Option<String>,
    /// How long a mailed link can be used, in seconds.
    pub link_seconds: u64,
    /// How long a contact stays verified, in seconds.
    pub verified_seconds: u64,
}

impl Default for IdentitySettings {
    fn default() -> Self {
        Self { public_url: None, link_seconds: 900, verified_seconds: 2_592_000 }
    }
}

impl<P: Ports> Clock for App<P> {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

impl<P: Ports> Entropy for App<P> {
    fn fill(&self, bytes: &mut [u8]) {
        self.entropy.fill(bytes);
    }
}
