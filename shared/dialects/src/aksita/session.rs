//! `POST /api/session`.

use std::sync::Arc;

use aiva_core::conversation;
use aiva_core::ports::Ports;
use http::StatusCode;

use super::wire::Session;
use crate::http::{Call, Edge, Failure, Made, Reply, once};

pub(super) async fn begin<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let fields = call.fields_if_any().await;
    let caller = call.authenticate(&edge).await?;
    let (key, body) = (caller.key.id, fields?.canonical());
    let place = (key.workspace, caller.key.project);
    once(&edge, &call, (key.workspace, &body), |app, env| async move {
        let conversation = conversation::create(&app.store, &env, place, key).await?;
        Made::json(StatusCode::OK, &Session::from(&conversation))
    })
    .await
}
