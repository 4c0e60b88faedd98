//! Mail through SES.

use aiva_core::error::{Error, Result};
use aiva_core::ports::Mail;
use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::error::{BuildError, ProvideErrorMetadata};
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message};

use crate::sdk_error::fault;

/// A sender with an address that belongs to a verified identity.
#[derive(Debug, Clone)]
pub struct SesMailer {
    client: Client,
    from: String,
}

impl SesMailer {
    /// Sends from an address.
    pub fn new(client: Client, from: String) -> Self {
        Self { client, from }
    }

    /// Hands a mail over. One whose answer was lost on the way may be sent twice.
    pub(super) async fn send(&self, mail: &Mail) -> Result<()> {
        let body = Body::builder().text(content(&mail.text)?).html(content(&mail.html)?).build();
        let message = Message::builder().subject(content(&mail.subject)?).body(body).build();
        let request = self
            .client
            .send_email()
            .from_email_address(&self.from)
            .destination(Destination::builder().to_addresses(&mail.to).build())
            .content(EmailContent::builder().simple(message).build());
        let Err(error) = request.send().await else { return Ok(()) };
        // What SES says may name the address, which is not for the log; its code does not.
        let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
        let cause = format!("SES refused a mail: {}", code.unwrap_or("no answer"));
        Err(match fault(error) {
            Error::Unavailable(_) => Error::unavailable(cause),
            _ => Error::internal(cause),
        })
    }
}

fn content(text: &str) -> Result<Content> {
    let built: Result<Content, BuildError> = Content::builder().data(text).charset("UTF-8").build();
    built.map_err(Error::internal)
}
