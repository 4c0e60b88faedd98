//! Notices to owners.

use aiva_core::error::Result;
use aiva_core::id::WorkspaceId;
use aiva_core::notice::{ClaimedNotice, Notice, NoticeWhat};
use serde::{Deserialize, Serialize};

use super::Millis;

/// A notice: `w` is what it says, `n` how often it was claimed. One that was sent has `se`, when.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::dynamo) struct NoticeRow {
    w: NoticeWhat,
    ca: Millis,
    #[serde(default)]
    n: u32,
}

impl From<&Notice> for NoticeRow {
    fn from(notice: &Notice) -> Self {
        Self { w: notice.what.clone(), ca: notice.created_at.into(), n: 0 }
    }
}

impl NoticeRow {
    /// The notice of this name, as a worker takes it.
    pub(in crate::dynamo) fn claimed(
        self,
        workspace: WorkspaceId,
        name: &str,
    ) -> Result<ClaimedNotice> {
        let notice = Notice {
            workspace,
            name: name.to_owned(),
            what: self.w,
            created_at: self.ca.moment()?,
        };
        Ok(ClaimedNotice { notice, attempts: self.n })
    }
}
