//! The dialects over the real store on the embedded engine, through the router.

mod budget;
mod edge;
mod openapi;
mod operator;
mod refusal;
mod routes;
mod transcript;
mod world;
