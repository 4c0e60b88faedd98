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

use crate::http::{Call, Edge, Failure, Fields, Made, Reply, once_openly};

/// What the request log says of a mail that the limits kept back.
const MAIL_LIMIT_REACHED: &str = "MAIL_LIMIT_REACHED";

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
    let fields = call.fields().await?;
    let body = fields.canonical();
    let (command, key) = (read(&edge, fields)?, caller.key);
    // The link is no child of the claim's seed: the claim is kept open, and the link is a secret.
    once_openly(&edge, &call, (key.id.workspace, &body), |app, _| async move {
        let asked = identity::request(app, &key, command).await?;
        let sent = VerificationSent::until(asked.expires_at);
        let code = (!asked.mailed).then_some(MAIL_LIMIT_REACHED);
        Ok(Made::new(StatusCode::ACCEPTED, &sent)?.logged_as(code))
    })
    .await
}

fn read<P: Ports>(edge: &Edge<P>, mut fields: Fields) -> Result<RequestLink, Failure> {
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
