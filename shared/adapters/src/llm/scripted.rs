//! A model without a model, for tests: the question dictates what happens.
//!
//! Without directives the answer to `<question>` is `You said: <question>`. Directives stand in the
//! question, in double brackets, and are taken out of what is echoed:
//!
//! | directive | what it does |
//! |---|---|
//! | `[[say:text]]` | answers with the text |
//! | `[[sleep:200]]` | waits so many milliseconds before the answer, at most 60,000 |
//! | `[[pace:50]]` | waits so many milliseconds before each word, at most 60,000 |
//! | `[[usage:10,5]]` | reports 10 tokens of input and 5 of output |
//! | `[[no-usage]]` | reports none |
//! | `[[cite:1,2]]` | cites these passages, numbered from 1; ones that were not given are left out |
//! | `[[states]]` | states its text as its own, to be weighed against what it cites; else it only quotes |
//! | `[[unknown]]` | says that it does not know the answer |
//! | `[[courtesy]]` | says that it states nothing |
//! | `[[fail]]` | fails for good, with the usage that `[[usage:…]]` named |
//! | `[[call:name {"a":1}]]` | calls a tool, offered or not; arguments may be anything |
//! | `[[then]]` | what is called behind it is called in another round |
//! | `[[aside:text]]` | says the text with each round of calls |
//!
//! What the tools answered stands behind the echo, as ` | name: answer`.
//!
//! Where nothing is said of usage, the reported figures are our own counts of prompt and answer. The
//! answer comes word by word.

use std::time::Duration;

use aiva_core::ports::Model;
use aiva_core::reply::{ModelCall, ModelError, ModelReply, ModelRequest, Stance, tokens};
use aiva_core::wallet::{Usage, UsageSource};

const MAX_SLEEP_MS: u64 = 60_000;

/// The scripted model.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scripted;

/// What a question dictates.
#[derive(Debug, Default, PartialEq, Eq)]
struct Script {
    echo: String,
    say: Option<String>,
    sleep_ms: u64,
    pace_ms: u64,
    usage: Option<(u64, u64)>,
    no_usage: bool,
    cite: Vec<usize>,
    fail: bool,
    rounds: Vec<Vec<(String, String)>>,
    aside: String,
    stance: Stance,
}

impl Model for Scripted {
    async fn reply(
        &self,
        request: &ModelRequest,
        on_delta: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<ModelReply, ModelError> {
        let script = Script::of(&request.question);
        if script.sleep_ms > 0 {
            tokio::time::sleep(Duration::from_millis(script.sleep_ms)).await;
        }
        let reported = script.usage.map(reported);
        if script.fail {
            let cause = "the script says so".into();
            return Err(ModelError { reason: "the model is unavailable", cause, usage: reported });
        }
        let asked = script.rounds.get(request.rounds.len()).filter(|_| request.may_call);
        let calls = asked.map(|calls| called(request.rounds.len(), calls)).unwrap_or_default();
        let text = match (script.say, calls.is_empty()) {
            (_, false) => script.aside,
            (Some(text), true) => text,
            (None, true) => format!("You said: {}{}", script.echo, learned(request)),
        };
        for word in text.split_inclusive(' ') {
            if script.pace_ms > 0 {
                tokio::time::sleep(Duration::from_millis(script.pace_ms)).await;
            }
            on_delta(word);
        }
        let counted = (request.estimated_input_tokens(), tokens::estimate(&text));
        let usage = reported.or_else(|| Some(self::reported(counted)));
        let given = 0..request.passages.len();
        let cited = script.cite.into_iter().filter(|index| given.contains(index)).collect();
        let usage = usage.filter(|_| !script.no_usage);
        Ok(ModelReply { text, stance: script.stance, usage, cited, calls })
    }
}

fn called(round: usize, calls: &[(String, String)]) -> Vec<ModelCall> {
    let calls = calls.iter().enumerate().map(|(at, (tool, arguments))| ModelCall {
        id: format!("scripted_{round}_{at}"),
        tool: tool.clone(),
        arguments: arguments.clone(),
    });
    calls.collect()
}

/// What the tools answered so far.
fn learned(request: &ModelRequest) -> String {
    let calls = request.rounds.iter().flat_map(|round| &round.calls);
    calls.map(|(call, answer)| format!(" | {}: {}", call.tool, answer.text)).collect()
}

fn reported((input_tokens, output_tokens): (u64, u64)) -> Usage {
    Usage { input_tokens, output_tokens, source: UsageSource::Reported }
}

impl Script {
    fn of(question: &str) -> Self {
        let mut script = Self { stance: Stance::Quotes, ..Self::default() };
        let mut rest = question;
        while let Some((before, after)) = rest.split_once("[[") {
            let Some((directive, after)) = after.split_once("]]") else { break };
            script.echo.push_str(before);
            if !script.obey(directive) {
                script.echo.push_str(&format!("[[{directive}]]"));
            }
            rest = after;
        }
        script.echo.push_str(rest);
        script.echo = script.echo.split_whitespace().collect::<Vec<_>>().join(" ");
        script
    }

    /// Takes a directive; `false` when it is none.
    fn obey(&mut self, directive: &str) -> bool {
        let (name, argument) = directive.split_once(':').unwrap_or((directive, ""));
        match name.trim() {
            "say" => self.say = Some(argument.to_owned()),
            "fail" => self.fail = true,
            "aside" => self.aside = argument.to_owned(),
            "then" => self.rounds.push(Vec::new()),
            "call" => {
                let (tool, arguments) = argument.split_once(' ').unwrap_or((argument, ""));
                if self.rounds.is_empty() {
                    self.rounds.push(Vec::new());
                }
                let call = (tool.to_owned(), arguments.to_owned());
                self.rounds.last_mut().into_iter().for_each(|round| round.push(call.clone()));
            }
            "no-usage" => self.no_usage = true,
            "states" => self.stance = Stance::States,
            "unknown" => self.stance = Stance::Unknown,
            "courtesy" => self.stance = Stance::Courtesy,
            "sleep" => {
                let Ok(sleep_ms) = argument.trim().parse::<u64>() else { return false };
                self.sleep_ms = sleep_ms.min(MAX_SLEEP_MS);
            }
            "pace" => {
                let Ok(pace_ms) = argument.trim().parse::<u64>() else { return false };
                self.pace_ms = pace_ms.min(MAX_SLEEP_MS);
            }
            "usage" => {
                let numbers = numbers(argument);
                let [input, output] = numbers[..] else { return false };
                self.usage = Some((input, output));
            }
            "cite" => {
                let indices = numbers(argument)
                    .into_iter()
                    .filter_map(|number| usize::try_from(number.checked_sub(1)?).ok());
                self.cite = indices.collect();
            }
            _ => return false,
        }
        true
    }
}

fn numbers(text: &str) -> Vec<u64> {
    text.split(',').filter_map(|number| number.trim().parse().ok()).collect()
}
