//! `GET /bot/v1/contacts/{contact_id}`.

use std::sync::Arc;

use aiva_core::contact;
use aiva_core::error::Error;
use aiva_core::ports::Ports;
use http::StatusCode;

use super::wire::Contact;
use crate::http::{Call, Edge, Failure, Reply};

pub(super) async fn show<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let caller = call.authenticate(&edge).await?;
    let id = call.param("contact_id").parse().map_err(|_| Error::NotFound)?;
    let place = (caller.key.id.workspace, caller.key.project);
    let profile = contact::find(&edge.app.store, place, id).await?;
    Reply::json(StatusCode::OK, &Contact::from(&profile))
}
