//! One call of a tool: signed like a callback, guarded, bounded; whatever happens is an answer.

use std::time::Duration;

use secrecy::SecretString;
use serde::Serialize;
use serde_json::Value;

use super::{Tool, ToolAnswer};
use crate::app::App;
use crate::callback::{self, Signable};
use crate::dialect::Dialect;
use crate::egress::CallbackUrl;
use crate::id::ToolCallId;
use crate::ports::{Clock, HttpOut, OutgoingError, OutgoingRequest, OutgoingResponse, Ports};
use crate::text::ExternalId;

/// The event's name in the headers.
const EVENT: &str = "tool.call";
/// From the resolution of the name to the last byte of the answer.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The longest answer, in bytes.
const MAX_ANSWER_BYTES: usize = 32 * 1024;
/// What is shown to the model of the body of a refusal, in characters.
const MAX_REFUSAL_CHARS: usize = 1_000;

/// What a tool is asked.
#[derive(Debug)]
pub(crate) struct Ask<'a> {
    pub(crate) id: ToolCallId,
    /// Judged against the tool's schema.
    pub(crate) arguments: &'a Value,
    pub(crate) conversation: &'a ExternalId,
    pub(crate) user: Option<&'a ExternalId>,
    /// Whether the user is verified at this moment.
    pub(crate) verified: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    tool: &'a str,
    call_id: String,
    arguments: &'a Value,
    conversation_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_user_id: Option<&'a str>,
    verified: bool,
}

/// Calls a tool.
pub(crate) async fn call<P: Ports>(
    app: &App<P>,
    http: &impl HttpOut,
    tool: &Tool,
    secret: &SecretString,
    ask: Ask<'_>,
) -> ToolAnswer {
    let id = ask.id.to_string();
    let body = Body {
        tool: tool.name.as_str(),
        call_id: id.clone(),
        arguments: ask.arguments,
        conversation_id: ask.conversation.as_str(),
        external_user_id: ask.user.map(ExternalId::as_str),
        verified: ask.verified,
    };
    let Ok(body) = serde_json::to_string(&body) else {
        return ToolAnswer::failure("the call could not be written");
    };
    let Ok(url) = CallbackUrl::parse(&tool.url, &app.settings.egress) else {
        return of_error(OutgoingError::RefusedAddress);
    };
    // A tool is called in the native dialect, whoever asked.
    let what =
        Signable { dialect: Dialect::Aiva, id: &id, event: EVENT, body: &body, attempt: &id };
    let headers = callback::sign(std::slice::from_ref(secret), what, app.now());
    let request = OutgoingRequest {
        url,
        headers,
        body: body.into_bytes(),
        timeout: TIMEOUT,
        max_response_bytes: MAX_ANSWER_BYTES,
    };
    match http.post(request).await {
        Ok(response) => of_response(response),
        Err(error) => of_error(error),
    }
}

fn of_error(error: OutgoingError) -> ToolAnswer {
    ToolAnswer::failure(format!("the tool could not be reached: {error}"))
}

fn of_response(response: OutgoingResponse) -> ToolAnswer {
    let OutgoingResponse { status, body, truncated, body_complete, .. } = response;
    if (300..400).contains(&status) {
        return ToolAnswer::failure("the tool answered with a redirect, which is not followed");
    }
    let text = String::from_utf8_lossy(&body);
    if !(200..300).contains(&status) {
        let shown: String = text.trim().chars().take(MAX_REFUSAL_CHARS).collect();
        let told = if shown.is_empty() { String::new() } else { format!(": {shown}") };
        return ToolAnswer::failure(format!("the tool answered with status {status}{told}"));
    }
    if truncated {
        return ToolAnswer::failure("the tool's answer is longer than 32 KiB");
    }
    if !body_complete {
        return ToolAnswer::failure("the tool's answer broke off");
    }
    match String::from_utf8(body) {
        Ok(text) if text.trim().is_empty() => {
            ToolAnswer { text: "done; the tool answered nothing".to_owned(), failed: false }
        }
        Ok(text) => ToolAnswer { text, failed: false },
        Err(_) => ToolAnswer::failure("the tool's answer is not text"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16, body: &[u8], truncated: bool, body_complete: bool) -> ToolAnswer {
        let body = body.to_vec();
        of_response(OutgoingResponse { status, retry_after: None, body, truncated, body_complete })
    }

    #[test]
    fn an_answer_is_text_or_says_what_went_wrong() {
        let fine = answered(200, b"{\"status\":\"shipped\"}", false, true);
        assert_eq!((fine.text.as_str(), fine.failed), ("{\"status\":\"shipped\"}", false));
        assert!(!answered(204, b"", false, true).failed);
        let refused = answered(404, b"no such order", false, true);
        assert_eq!(refused.text, "the tool answered with status 404: no such order");
        for bad in [
            answered(302, b"", false, true),
            answered(500, b"", false, true),
            answered(200, b"x", true, false),
            answered(200, b"x", false, false),
            answered(200, &[0xff, 0xfe], false, true),
        ] {
            assert!(bad.failed, "{bad:?}");
        }
    }
}
