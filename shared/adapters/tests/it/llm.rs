//! The models: real HTTP against an endpoint of our own, and answers out of the pages of a shop.

#[cfg(feature = "bedrock")]
mod bedrock;
mod embed;
pub(crate) mod endpoint;
#[cfg(feature = "knowledge")]
mod extractive;
mod openai;
mod openai_failures;
mod scripted;

use std::sync::Mutex;
use std::time::Duration;

use aiva_adapters::llm::Patience;
use aiva_core::id::Id;
use aiva_core::knowledge::Passage;
use aiva_core::ports::{Entropy, Model};
use aiva_core::reply::{Consulted, ModelCall, ModelError, ModelReply, ModelRequest, ToolSpec};
use aiva_core::tool::ToolAnswer;
use aiva_core::wallet::{Usage, UsageSource};

/// Makes every wait as short as it can be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NoJitter;

impl Entropy for NoJitter {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

/// Long enough for a busy machine; every test ends long before.
pub(crate) fn patience() -> Patience {
    Patience {
        first_byte_timeout: Duration::from_secs(5),
        idle_timeout: Duration::from_secs(5),
        total_timeout: Duration::from_secs(8),
        ..Patience::default()
    }
}

fn passage(title: &str, text: &str) -> Passage {
    Passage {
        source: Id::from_bare(&"0".repeat(26)).unwrap(),
        title: title.to_owned(),
        url: None,
        text: text.to_owned(),
        score: 1.0,
        coverage_permille: 1_000,
        similarity_permille: None,
    }
}

fn request(question: &str) -> ModelRequest {
    ModelRequest {
        system: "Answer from the passages.".to_owned(),
        history: Vec::new(),
        question: question.to_owned(),
        passages: vec![
            passage("Refunds", "Refunds take 5 days."),
            passage("Shipping", "Shipping is free."),
        ],
        may_call: true,
        max_output_tokens: 300,
        ..ModelRequest::default()
    }
}

/// A question whose first round of calls is answered: one well, one not.
fn consulted(may_call: bool) -> ModelRequest {
    let call = |id: &str, arguments: &str| ModelCall {
        id: id.to_owned(),
        tool: "order_status".to_owned(),
        arguments: arguments.to_owned(),
    };
    let answer = |text: &str, failed| ToolAnswer { text: text.to_owned(), failed };
    let calls = vec![
        (call("c1", r#"{"order":7}"#), answer("shipped", false)),
        (call("c2", "no JSON"), answer("the arguments are not JSON", true)),
    ];
    let parameters = serde_json::json!({ "properties": { "order": { "type": "integer" } } });
    ModelRequest {
        tools: vec![ToolSpec {
            name: "order_status".to_owned(),
            description: "Looks an order up.".to_owned(),
            parameters,
        }],
        rounds: vec![Consulted { text: "Let me see.".to_owned(), calls }],
        may_call,
        ..request("Where is it?")
    }
}

fn reported(input_tokens: u64, output_tokens: u64) -> Usage {
    Usage { input_tokens, output_tokens, source: UsageSource::Reported }
}

/// Asks a model and collects what it said on the way.
async fn ask(
    model: &impl Model,
    request: &ModelRequest,
) -> (Result<ModelReply, ModelError>, Vec<String>) {
    let deltas = Mutex::new(Vec::new());
    let reply = model.reply(request, &|delta| deltas.lock().unwrap().push(delta.to_owned())).await;
    (reply, deltas.into_inner().unwrap())
}
