//! `POST /identity/verify`.

use std::sync::Arc;

use aiva_core::error::{Error, Result as CoreResult};
use aiva_core::identity::{self, EmailAddress, METHOD, RequestLink, ReturnUrl};
use aiva_core::ports::Ports;
use aiva_core::text::ExternalId;
use aiva_core::time;
use http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::{Call, Edge, Failure, Reply};

/// That a link was mailed; the same for every user and address.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct VerificationSent {
    /// Always `sent`.
    status: VerificationStatus,
    /// Until when the link can be used.
    #[schema(example = "2026-07-02T10:45:00.000Z", format = DateTime)]
    expires_at: String,
}

/// What became of a request to verify an end user.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum VerificationStatus {
    /// A link was mailed.
    Sent,
}

impl VerificationSent {
    /// Tells until when the link can be used.
    fn until(expires_at: Timestamp) -> Self {
        Self { status: VerificationStatus::Sent, expires_at: time::millis(expires_at) }
    }
}

pub(super) async fn verify<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let caller = call.authenticate(&edge).await?;
    let command = read(&edge, &call).await?;
    let expires_at = identity::request(&edge.app, &caller.key, command).await?;
    Reply::success(StatusCode::ACCEPTED, &VerificationSent::until(expires_at))
}

async fn read<P: Ports>(edge: &Edge<P>, call: &Call) -> Result<RequestLink, Failure> {
    let mut fields = call.fields().await?;
    let egress = &edge.app.settings.egress;
    let method = fields.required_text("method", method);
    let user = fields.required_text("externalUserId", ExternalId::parse);
    let email = fields.required_text("email", EmailAddress::parse);
    let conversation = fields.optional_text("externalConversationId", ExternalId::parse);
    let return_url =
        fields.optional_text("returnUrl", |field, text| ReturnUrl::parse(field, text, egress));
    let (Some(()), Some(user), Some(email), Some(conversation), Some(return_url)) =
        (method, user, email, conversation, return_url)
    else {
        return Err(fields.refusal());
    };
    Ok(RequestLink { user, email, conversation, return_url })
}

fn method(field: &'static str, text: &str) -> CoreResult<()> {
    if text == METHOD { Ok(()) } else { Err(Error::invalid(field, "must be magic_link")) }
}
