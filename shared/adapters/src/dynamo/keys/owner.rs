//! Keys of what belongs to the people who run a workspace, and to what it pays.

use aiva_core::id::{Id, PaymentId, WorkspaceId};
use aiva_core::operator::OperatorId;

use super::{Key, Span, tenant};

/// An operator of a workspace.
pub(in crate::dynamo) fn operator(id: OperatorId) -> Key {
    Key::new(tenant(id.workspace), format!("A#{}", id.operator.bare()))
}

/// A workspace's operators.
pub(in crate::dynamo) fn operators(workspace: WorkspaceId) -> Span {
    Span::prefixed(tenant(workspace), "A#")
}

/// The operator that a row is.
pub(in crate::dynamo) fn parse_operator(key: &Key) -> Option<OperatorId> {
    let workspace = WorkspaceId::from_bare(key.partition.strip_prefix("W#")?)?;
    Some(OperatorId { workspace, operator: Id::from_bare(key.sort.strip_prefix("A#")?)? })
}

/// The counter of the requests of an operator of a workspace in one minute.
pub(in crate::dynamo) fn requests_of_operator(id: OperatorId, minute: i64) -> Key {
    let operator = id.operator.bare();
    Key::new(format!("{}#A#{operator}#{minute}", tenant(id.workspace)), "O")
}

/// A mail that is owed to the owner of a workspace.
pub(in crate::dynamo) fn notice(workspace: WorkspaceId, name: &str) -> Key {
    Key::new(tenant(workspace), format!("E#{name}"))
}

/// The notice that a row is.
pub(in crate::dynamo) fn parse_notice(key: &Key) -> Option<(WorkspaceId, &str)> {
    let workspace = WorkspaceId::from_bare(key.partition.strip_prefix("W#")?)?;
    Some((workspace, key.sort.strip_prefix("E#")?))
}

/// The rules of a wallet.
pub(in crate::dynamo) fn recharge(workspace: WorkspaceId) -> Key {
    Key::new(tenant(workspace), "G")
}

/// The workspace whose wallet's rules a row holds.
pub(in crate::dynamo) fn parse_recharge(key: &Key) -> Option<WorkspaceId> {
    single(key, "G")
}

/// The credit that comes with a workspace's plan.
pub(in crate::dynamo) fn allowance(workspace: WorkspaceId) -> Key {
    Key::new(tenant(workspace), "J")
}

/// The workspace whose plan's credit a row is.
pub(in crate::dynamo) fn parse_allowance(key: &Key) -> Option<WorkspaceId> {
    single(key, "J")
}

fn single(key: &Key, sort: &str) -> Option<WorkspaceId> {
    let workspace = key.partition.strip_prefix("W#").filter(|_| key.sort == sort)?;
    WorkspaceId::from_bare(workspace)
}

/// A payment.
pub(in crate::dynamo) fn payment(workspace: WorkspaceId, id: PaymentId) -> Key {
    Key::new(tenant(workspace), format!("G#{}", id.bare()))
}

/// A workspace's payments.
pub(in crate::dynamo) fn payments(workspace: WorkspaceId) -> Span {
    Span::prefixed(tenant(workspace), "G#")
}

/// The payment that a row is.
pub(in crate::dynamo) fn parse_payment(key: &Key) -> Option<(WorkspaceId, PaymentId)> {
    let workspace = WorkspaceId::from_bare(key.partition.strip_prefix("W#")?)?;
    Some((workspace, PaymentId::from_bare(key.sort.strip_prefix("G#")?)?))
}
