//! What is stored of payments and of the rules that start them, and who collects them.

use std::future::Future;

use jiff::Timestamp;

use crate::error::Result;
use crate::id::{PaymentId, WorkspaceId};
use crate::page::{Limit, Page};
use crate::payment::{Collected, Decision, Payment, PaymentOrder, PaymentStatus};
use crate::recharge::{Recharge, RechargeAdvance};

/// Payments, and the rules of wallets.
pub trait BillingStore: Send + Sync + 'static {
    /// Reads the rules of a wallet, strongly consistent.
    fn recharge(
        &self,
        workspace: WorkspaceId,
    ) -> impl Future<Output = Result<Option<Recharge>>> + Send;

    /// Stores a new state of a wallet's rules with what follows from it, in one step, if the row is
    /// still of the version before; `false` when it is not.
    fn advance_recharge(
        &self,
        advance: &RechargeAdvance,
    ) -> impl Future<Output = Result<bool>> + Send;

    /// Makes a watched wallet due at once.
    fn wake_recharge(
        &self,
        workspace: WorkspaceId,
        now: Timestamp,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Makes the credit of a plan due at a moment.
    fn next_allowance(
        &self,
        workspace: WorkspaceId,
        due: Timestamp,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Reads a payment, strongly consistent.
    fn payment(
        &self,
        workspace: WorkspaceId,
        id: PaymentId,
    ) -> impl Future<Output = Result<Option<Payment>>> + Send;

    /// Lists a workspace's payments, newest first.
    fn payments(
        &self,
        workspace: WorkspaceId,
        position: Option<&str>,
        limit: Limit,
    ) -> impl Future<Output = Result<Page<Payment>>> + Send;

    /// Takes a payment that is due at `now`, so that nobody else does until then; `None` when it is not
    /// due, or finished.
    fn claim_payment(
        &self,
        workspace: WorkspaceId,
        id: PaymentId,
        now: Timestamp,
        until: Timestamp,
    ) -> impl Future<Output = Result<Option<Payment>>> + Send;

    /// Notes the provider's name for a payment that is pending, and when to ask again.
    fn note_payment(
        &self,
        workspace: WorkspaceId,
        id: PaymentId,
        reference: &str,
        due: Timestamp,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Decides a payment, unless it is decided (a success may still follow a failure), and makes it due
    /// for what follows; answers it as it stands then, `None` when there is none.
    fn decide_payment(
        &self,
        workspace: WorkspaceId,
        id: PaymentId,
        decision: &Decision,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Payment>>> + Send;

    /// Ends a payment's being owed, if it still has this status.
    fn close_payment(
        &self,
        workspace: WorkspaceId,
        id: PaymentId,
        status: PaymentStatus,
    ) -> impl Future<Output = Result<()>> + Send;
}

/// Who collects payments.
pub trait Payments: Send + Sync + 'static {
    /// Asks for a payment, or how one stands that was asked for before. The same payment asked for again
    /// is the same payment.
    fn collect(&self, order: &PaymentOrder) -> impl Future<Output = Result<Collected>> + Send;
}
