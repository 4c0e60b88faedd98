//! The sample events of the repository, made to mean something in the benchmark's world.

use std::fs;
use std::path::{Path, PathBuf};

use aws_sdk_sqs::types::Message;
use bytes::Bytes;
use serde_json::{Value, json};

use crate::Result;
use crate::world;

/// The folder of sample events.
#[derive(Debug, Clone)]
pub(crate) struct Events(PathBuf);

/// One sample event.
#[derive(Debug, Clone)]
pub(crate) struct Event(Value);

impl Events {
    /// Names the folder.
    pub(crate) fn of(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    /// The first sample of a function.
    pub(crate) fn first(&self, function: &str) -> Result<Event> {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.0.join(function))? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        let first = names.into_iter().min().ok_or("a function without a sample event")?;
        self.sample(&format!("{function}/{first}"))
    }

    /// Reads a sample.
    pub(crate) fn sample(&self, name: &str) -> Result<Event> {
        let path = self.0.join(name);
        let text =
            fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Event(serde_json::from_str(&text)?))
    }
}

impl Event {
    /// The sample as it stands.
    pub(crate) fn bytes(&self) -> Bytes {
        self.0.to_string().into()
    }

    /// The same request by another caller.
    pub(crate) fn by(mut self, token: &str) -> Self {
        self.0["headers"]["authorization"] = format!("Bearer {token}").into();
        self
    }

    /// The same request of another path.
    pub(crate) fn at(mut self, path: &str) -> Self {
        self.0["rawPath"] = path.into();
        self.0["requestContext"]["http"]["path"] = path.into();
        self
    }

    /// The same request with another header.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.0["headers"][name] = value.into();
        self
    }

    /// The same request with another body.
    pub(crate) fn saying(self, body: &Value) -> Self {
        let body = body.to_string();
        let mut event = self.with("content-length", &body.len().to_string());
        event.0["body"] = body.into();
        event
    }

    /// The same batch with other messages, which a queue has just handed out.
    pub(crate) fn carrying(&self, messages: &[Message]) -> Self {
        let record = &self.0["Records"][0];
        let records: Vec<Value> = messages.iter().map(|one| carrier(record, one)).collect();
        Self(json!({ "Records": records }))
    }
}

fn carrier(sample: &Value, message: &Message) -> Value {
    let mut record = sample.clone();
    let text = |text: &Option<String>| Value::from(text.clone().unwrap_or_default());
    record["messageId"] = text(&message.message_id);
    record["receiptHandle"] = text(&message.receipt_handle);
    record["body"] = text(&message.body);
    record["md5OfBody"] = text(&message.md5_of_body);
    if let Some(group) = world::group(message) {
        record["attributes"]["MessageGroupId"] = group.into();
    }
    record
}
