//! `GET /api/v1/websites/`.

use std::sync::Arc;

use aiva_core::ports::Ports;
use aiva_core::project;
use http::StatusCode;

use super::wire::{Website, Websites};
use crate::http::{Call, Edge, Failure, Reply};

pub(super) async fn list<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let caller = call.authenticate(&edge).await?;
    let projects = project::numbered(&edge.app.store, &caller.key).await?;
    let websites = projects.iter().map(|(number, project)| Website::new(*number, project));
    Reply::json(StatusCode::OK, &Websites::new(websites.collect()))
}
