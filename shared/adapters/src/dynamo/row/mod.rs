//! Rows as they are stored: short names, because bytes are money, and types of their own, because the
//! domain may change its mind and stored rows may not.

use aiva_core::error::{Error, Result};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub(super) mod billing;
pub(super) mod conversation;
pub(super) mod delivery;
pub(super) mod idempotency;
pub(super) mod identity;
pub(super) mod key;
pub(super) mod knowledge;
pub(super) mod message;
pub(super) mod notice;
pub(super) mod operator;
pub(super) mod recovery;
pub(super) mod request_log;
pub(super) mod tool;
pub(super) mod wallet;
pub(super) mod webhook;
pub(super) mod widget;
pub(super) mod workspace;

/// A moment, in milliseconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Millis(i64);

impl Millis {
    /// The number.
    pub(super) const fn millis(self) -> i64 {
        self.0
    }

    /// The moment.
    pub(super) fn moment(self) -> Result<Timestamp> {
        Timestamp::from_millisecond(self.0).map_err(Error::internal)
    }
}

impl From<Timestamp> for Millis {
    fn from(at: Timestamp) -> Self {
        Self(at.as_millisecond())
    }
}

/// Names a stored value that does not mean anything.
pub(super) fn unknown(what: &'static str) -> impl Fn() -> Error {
    move || Error::internal(format!("a stored {what} cannot be read"))
}
