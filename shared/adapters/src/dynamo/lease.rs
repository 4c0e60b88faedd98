//! Leases on rows: a holder, an epoch and an end, beside a fence that counts the claims.

use aiva_core::message::Lease;

use super::item::{moment, number, text};
use super::write::Change;

/// The part of an update that takes a lease.
pub(super) const TAKE: &str = "SET #lh = :me, #le = :epoch, #lu = :until ADD #f :one";

/// The part of an update's `REMOVE` that gives it back. The fence stays: it tells whose write came last.
pub(super) const DROP: &str = "#lh, #le, #lu";

/// A change that moves the end of a lease that is the holder's, and does `more`.
pub(super) fn prolonged(more: &str, lease: &Lease) -> Change {
    Change::new(format!("SET #lu = :until, {more}"))
        .when("#lh = :me AND #le = :epoch")
        .with("me", text(&lease.holder))
        .with("epoch", number(lease.epoch))
        .with("until", moment(lease.until))
}

/// Adds the condition that the lease is free, dead, of another epoch, or the claimer's own.
pub(super) fn when_free(change: Change, lease: &Lease) -> Change {
    change
        .when("(attribute_not_exists(#lh) OR #lu <= :now OR #lh = :me OR #le <> :epoch)")
        .with("me", text(&lease.holder))
        .with("epoch", number(lease.epoch))
        .with("until", moment(lease.until))
        .with("now", moment(lease.now))
        .with("one", number(1))
}
