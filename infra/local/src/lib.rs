//! The whole product in one process: the routers and workers of all functions over an embedded
//! DynamoDB and SQS, with files for secrets and mail.

mod config;
mod data_dir;
mod demo;
mod error;
mod floor;
mod http;
mod mailbox;
mod poll;
mod queues;
mod runtime;
mod start;
mod tend;

pub use config::Config;
pub use demo::Demo;
pub use error::StartError;
pub use runtime::{LocalDesk, LocalPorts, Runtime};
