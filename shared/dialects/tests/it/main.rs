//! The dialects over the real store on the embedded engine, through the router.

mod edge;
mod openapi;
mod refusal;
mod routes;
mod transcript;
mod world;
