//! Links that verify contacts, and the contacts.

use aiva_core::contact::Contact;
use aiva_core::error::{Error, Result};
use aiva_core::id::{ContactId, ProjectId, WorkspaceId};
use aiva_core::identity::{EmailAddress, LinkHash, MagicLink, ReturnUrl};
use aiva_core::text::{ExternalId, Label};
use serde::{Deserialize, Serialize};

use super::conversation::details;
use super::{Millis, unknown};

/// A link: `nm` is the workspace's name, `k` the key that asked, `u` the end user, `em` the address, `x`
/// the conversation, `to` where the browser goes afterwards, `ex` when the link ends, `us` when it was
/// used.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::dynamo) struct LinkRow {
    w: WorkspaceId,
    nm: Label,
    pr: ProjectId,
    k: String,
    u: ExternalId,
    em: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    x: Option<ExternalId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    ca: Millis,
    pub(in crate::dynamo) ex: Millis,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::dynamo) us: Option<Millis>,
}

impl From<&MagicLink> for LinkRow {
    fn from(link: &MagicLink) -> Self {
        Self {
            w: link.workspace,
            nm: link.workspace_name.clone(),
            pr: link.project,
            k: link.key.to_string(),
            u: link.user.clone(),
            em: link.email.as_str().to_owned(),
            x: link.conversation.clone(),
            to: link.return_url.as_ref().map(|url| url.as_str().to_owned()),
            ca: link.created_at.into(),
            ex: link.expires_at.into(),
            us: link.used_at.map(Millis::from),
        }
    }
}

impl LinkRow {
    /// The link that stands under this hash.
    pub(in crate::dynamo) fn under(self, hash: LinkHash) -> Result<MagicLink> {
        let url = |text: String| ReturnUrl::stored(&text).ok_or_else(unknown("return URL"));
        Ok(MagicLink {
            hash,
            workspace: self.w,
            workspace_name: self.nm,
            project: self.pr,
            key: self.k.parse().map_err(Error::internal)?,
            user: self.u,
            email: EmailAddress::parse("email", &self.em).map_err(|_| unknown("address")())?,
            conversation: self.x,
            return_url: self.to.map(url).transpose()?,
            created_at: self.ca.moment()?,
            expires_at: self.ex.moment()?,
            used_at: self.us.map(Millis::moment).transpose()?,
        })
    }
}

/// A contact: `ca` is when the end user first wrote or was first verified, `vu` until when the
/// verification holds, `ct` our id, `ls` when the user last wrote, `nm`, `em` and `ph` what is known of
/// the person, `pj` the projects that the user wrote in. The months of spending beside them are the submit's and the settlement's.
#[derive(Debug, Deserialize)]
pub(in crate::dynamo) struct ContactRow {
    pub(in crate::dynamo) ca: Millis,
    #[serde(default)]
    pub(in crate::dynamo) vu: Option<Millis>,
    #[serde(default)]
    ct: Option<String>,
    #[serde(default)]
    ls: Option<Millis>,
    #[serde(default)]
    nm: Option<Label>,
    #[serde(default)]
    em: Option<String>,
    #[serde(default)]
    ph: Option<String>,
    #[serde(default)]
    pj: Vec<String>,
}

impl ContactRow {
    /// The contact of this name.
    pub(in crate::dynamo) fn named(
        self,
        workspace: WorkspaceId,
        external: ExternalId,
    ) -> Result<Contact> {
        Ok(Contact {
            workspace,
            external,
            id: self.ct.as_deref().and_then(ContactId::from_bare),
            details: details(self.nm, self.em.as_deref(), self.ph.as_deref())?,
            projects: self.pj.iter().filter_map(|bare| ProjectId::from_bare(bare)).collect(),
            verified_until: self.vu.map(Millis::moment).transpose()?,
            created_at: self.ca.moment()?,
            last_seen: self.ls.map(Millis::moment).transpose()?,
        })
    }
}
