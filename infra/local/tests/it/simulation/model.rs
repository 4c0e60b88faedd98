//! A model with a mind of its own.

use aiva_core::ports::Model;
use aiva_core::reply::{ModelCall, ModelError, ModelReply, ModelRequest, Stance};
use aiva_core::wallet::{Usage, UsageSource};

use super::tools::{LOOKUP, NOTIFY, REFUND};
use super::world::Dice;

/// The reason that it gives where it wants a human.
pub(super) const WISH: &str = "beyond me";

/// A model that reports random usage within its bounds, sometimes none, sometimes fails for good, and
/// calls tools as it pleases, also such as it was not offered.
pub(super) struct SimModel(Dice);

impl SimModel {
    pub(super) fn new(dice: Dice) -> Self {
        Self(dice)
    }

    fn calls(&self) -> Vec<ModelCall> {
        let call = |at: u64| {
            let tools = [LOOKUP, REFUND, NOTIFY, REFUND, "nothing_known"];
            let tool = tools[usize::try_from(self.0.below(5)).expect("small")];
            let order = self.0.next();
            let arguments = match self.0.below(10) {
                0 => "not JSON".to_owned(),
                1 => format!(r#"{{"order": "{order}"}}"#),
                _ => format!(r#"{{"order": {}}}"#, order % 1_000),
            };
            ModelCall { id: format!("model_{at}"), tool: tool.to_owned(), arguments }
        };
        (0..=self.0.below(3)).map(call).collect()
    }
}

impl Model for SimModel {
    async fn reply(
        &self,
        request: &ModelRequest,
        _on_delta: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<ModelReply, ModelError> {
        if self.0.chance(6) {
            return Err(ModelError {
                reason: "the model failed",
                cause: "simulated".into(),
                usage: None,
            });
        }
        let usage = (!self.0.chance(20)).then(|| Usage {
            input_tokens: self.0.below(900),
            output_tokens: self.0.below(u64::from(request.max_output_tokens)),
            source: UsageSource::Reported,
        });
        if self.0.chance(30) {
            let (text, cited) = (String::new(), Vec::new());
            // Called or not: the last answer has to be one.
            let text = if request.may_call { text } else { self.text(request) };
            let stance = Stance::Quotes;
            return Ok(ModelReply { text, stance, usage, cited, calls: self.calls() });
        }
        let wish = ModelCall {
            id: "wish".to_owned(),
            tool: "escalate_to_human".to_owned(),
            arguments: format!(r#"{{"reason": "{WISH}"}}"#),
        };
        let calls = if self.0.chance(4) { vec![wish] } else { Vec::new() };
        let cited = if self.0.chance(60) { vec![0] } else { Vec::new() };
        // Every answer names its question, so none may be withdrawn.
        let stance = Stance::Quotes;
        Ok(ModelReply { text: self.text(request), stance, usage, cited, calls })
    }
}

impl SimModel {
    fn text(&self, request: &ModelRequest) -> String {
        format!("answer {} to {}", self.0.next(), request.question)
    }
}
