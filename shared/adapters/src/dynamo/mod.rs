//! The store: one DynamoDB table. What is kept where, and what each access costs, stands in
//! `docs/DATA.md`; the keys stand in `keys.rs` and nowhere else.
//!
//! A method is one request or one transaction, except where its comment says what it needs beyond that
//! and why. Every expression writes attributes as `#name`.

use aiva_core::ports::Store;
use aws_sdk_dynamodb::Client;

mod backoff;
mod billing;
mod claim;
mod conversation;
mod delivery;
mod endpoint;
mod idempotency;
mod identity;
mod item;
mod key;
mod keys;
mod knowledge;
mod lease;
mod notice;
mod operator;
mod outbox;
mod read;
mod recovery;
mod request_log;
mod row;
mod settle;
mod submit;
mod table;
mod tool;
mod wallet;
mod webhook;
mod widget;
mod workspace;
mod write;

pub use table::create_table;

/// The store over one table.
#[derive(Debug, Clone)]
pub struct DynamoStore {
    client: Client,
    table: String,
}

impl DynamoStore {
    /// Makes a store over a table that [`create_table`] or the deployment made.
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }
}

impl Store for DynamoStore {}
