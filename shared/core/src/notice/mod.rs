//! Notices: mails to the owner of a workspace, each owed once.
//!
//! A notice is a row that says that it is owed, stored together with what it is about. The sweep sends
//! it. Its name makes it one: the same thing happening twice at once is one mail.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::WorkspaceId;
use crate::money::MicroCredits;

mod mail;
mod send;

pub use send::send;

/// A mail that is owed to the owner of a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The workspace; the mail goes to the address that it has when the mail is sent.
    pub workspace: WorkspaceId,
    /// What makes it one, such as `approved`: letters, digits, `-` and `:`, at most 100.
    pub name: String,
    /// What it says.
    pub what: NoticeWhat,
    /// When it arose.
    pub created_at: Timestamp,
}

/// What a notice says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "k", rename_all = "snake_case")]
pub enum NoticeWhat {
    /// The workspace is active.
    Approved {
        /// The credit that it starts with.
        credit: MicroCredits,
    },
    /// The wallet fell under its threshold.
    LowBalance {
        /// What was left.
        available: MicroCredits,
        /// The threshold.
        threshold: MicroCredits,
    },
    /// The month's maximum keeps the wallet from being recharged.
    RechargeMaximum {
        /// The maximum.
        maximum: MicroCredits,
    },
    /// A payment waits for somebody to make it.
    PaymentRequested {
        /// The payment.
        payment: String,
        /// What it is for.
        amount: MicroCredits,
    },
    /// A payment failed.
    PaymentFailed {
        /// The payment.
        payment: String,
        /// What it was for.
        amount: MicroCredits,
        /// Why, in words for the owner.
        reason: String,
    },
}

/// A notice that a worker may send now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedNotice {
    /// The notice.
    pub notice: Notice,
    /// How often it was claimed, this time included.
    pub attempts: u32,
}
