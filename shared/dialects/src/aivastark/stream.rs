//! An answer as server-sent events: `delta`…, `citations`, and at the end one `done` or `error`.
//!
//! The reply is written by a task of its own. It and the stream share the text so far, so that a slow
//! reader costs no more than the reply's length; and when the reader goes, the task stops the model and
//! settles what was used. A stream that waited as long as it may ends, and the reply is written on. The id of an event counts the characters that stand before its end, so that
//! a caller who comes back with `Last-Event-ID` gets the rest, wherever its stream was cut.

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use aiva_core::error::{Error, Unanswered};
use aiva_core::id::RequestId;
use aiva_core::message::{self, Asked, Outcome, SkipReason, SubmitReceipt, SubmitStatus, Waiting};
use aiva_core::ports::{Desk, Ports};
use aiva_core::reply::Listener;
use bytes::Bytes;
use futures_util::Stream;
use futures_util::task::AtomicWaker;
use serde::Serialize;
use tokio::time::{Sleep, sleep};

use super::error;
use super::wire::{Answer, CitationRow};
use crate::http::{Call, Edge, Failure, Reply, replayed};

/// The longest silence on a stream; a comment breaks it.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How far a caller got before; it says so in the header that browsers send.
pub(super) fn last_event(call: &Call) -> Option<u64> {
    call.header("last-event-id")?.trim().parse().ok()
}

/// Streams the reply to a stored message.
pub(super) fn answer<P: Ports>(
    edge: &Arc<Edge<P>>,
    call: &Call,
    receipt: SubmitReceipt,
    within: Duration,
) -> Result<Reply, Failure> {
    if receipt.status == SubmitStatus::Skipped(SkipReason::AiDisabled) {
        return Err(Error::Unanswered(Unanswered::AgentOff).into());
    }
    let repeated = receipt.is_duplicate();
    let talk = Arc::new(Talk::default());
    let holder = call.request_id.to_string();
    let (ours, desk) = (Arc::clone(&talk), Arc::clone(edge));
    let work = async move {
        let waiting = Waiting { holder, listener: &*ours, within, at_most: desk.writing() };
        let late = Asked { receipt: receipt.clone(), outcome: Outcome::Slow };
        let mut written = pin!(message::attend(&desk.app, &desk.desk, receipt, waiting));
        tokio::select! {
            biased;
            end = &mut written => ours.end(end),
            () = desk.desk.pause(within) => {
                ours.end(Ok(late));
                // What becomes of it stands in the conversation.
                let _ = written.await;
            }
        }
    };
    if !edge.run_beside(work) {
        // The message is stored, and the sweep has it answered.
        return Err(Error::unavailable("too many replies are being streamed").into());
    }
    let heard_before = if repeated { last_event(call).unwrap_or(0) } else { 0 };
    let events = Events {
        talk,
        bytes: 0,
        characters: 0,
        heard_before,
        beat: Box::pin(sleep(HEARTBEAT)),
        over: false,
        request_id: call.request_id,
    };
    let reply = Reply::stream("text/event-stream; charset=utf-8", events);
    Ok(if repeated { replayed(reply) } else { reply })
}

/// What the stream and the task that writes the reply share.
#[derive(Default)]
struct Talk {
    said: Mutex<Said>,
    news: AtomicWaker,
    gone: AtomicBool,
    going: AtomicWaker,
}

#[derive(Default)]
struct Said {
    text: String,
    /// How it ended, until that is told.
    end: Option<Result<Asked, Error>>,
    ended: bool,
}

impl Talk {
    fn said(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self, end: Result<Asked, Error>) {
        let mut said = self.said();
        said.end = Some(end);
        said.ended = true;
        drop(said);
        self.news.wake();
    }

    /// The reader goes. Before the end, that stops the model; behind it, nobody waits for what is written on.
    fn leave(&self) {
        if !self.said().ended {
            self.gone.store(true, Ordering::SeqCst);
            self.going.wake();
        }
    }
}

impl Listener for Talk {
    fn hear(&self, delta: &str) {
        self.said().text.push_str(delta);
        self.news.wake();
    }

    fn poll_gone(&self, context: &mut Context<'_>) -> Poll<()> {
        self.going.register(context.waker());
        if self.gone.load(Ordering::SeqCst) { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// The events of one answer. Dropped before its end, it stops the model.
struct Events {
    talk: Arc<Talk>,
    /// Of the reply, what was looked at: its bytes and its characters.
    bytes: usize,
    characters: u64,
    /// Characters that the caller has from before.
    heard_before: u64,
    beat: Pin<Box<Sleep>>,
    over: bool,
    request_id: RequestId,
}

impl Drop for Events {
    fn drop(&mut self) {
        self.talk.leave();
    }
}

#[derive(Serialize)]
struct Delta<'a> {
    delta: &'a str,
}

#[derive(Serialize)]
struct Citations<'a> {
    citations: &'a [CitationRow],
}

impl Events {
    /// What there is to tell now.
    fn next(&mut self) -> Option<String> {
        let talk = Arc::clone(&self.talk);
        let mut said = talk.said();
        match said.end.take() {
            Some(end) => {
                self.over = true;
                let text = std::mem::take(&mut said.text);
                drop(said);
                Some(self.ending(&text, end))
            }
            // The stored reply is trimmed, and so is what is streamed of it.
            None => self.deltas(said.text.trim()),
        }
    }

    /// The part of the reply that was not told yet.
    fn deltas(&mut self, text: &str) -> Option<String> {
        let fresh = text.get(self.bytes..)?;
        let mut delta = String::new();
        for character in fresh.chars() {
            self.characters += 1;
            if self.characters > self.heard_before {
                delta.push(character);
            }
        }
        self.bytes = text.len();
        (!delta.is_empty()).then(|| event("delta", self.characters, &Delta { delta: &delta }))
    }

    /// The rest of the reply, what it rests on, and the last event.
    fn ending(&mut self, streamed: &str, end: Result<Asked, Error>) -> String {
        let answer = match end.and_then(Answer::of) {
            Ok(answer) => answer,
            Err(refused) => return self.broken(&refused.into()),
        };
        let told = streamed.trim().get(..self.bytes).unwrap_or_default();
        let mut out = String::new();
        // Written anew elsewhere, it may differ from what was streamed; the last event has all of it.
        if answer.text().starts_with(told) {
            out.push_str(&self.deltas(answer.text()).unwrap_or_default());
        }
        let next = self.characters + 1;
        if next > self.heard_before {
            let citations = Citations { citations: answer.citations() };
            out.push_str(&event("citations", next, &citations));
        }
        out.push_str(&event("done", next + 1, &answer));
        out
    }

    fn broken(&self, failure: &Failure) -> String {
        if let Failure::Core(Error::Internal(cause) | Error::Unavailable(cause)) = failure {
            tracing::error!(%cause, "a stream ends without its answer");
        }
        let body = error::render(failure, self.request_id).body;
        let data = String::from_utf8_lossy(&body);
        format!("id: {}\nevent: error\ndata: {data}\n\n", self.characters + 1)
    }
}

fn event(name: &str, id: u64, data: &impl Serialize) -> String {
    let data = serde_json::to_string(data).unwrap_or_default();
    format!("id: {id}\nevent: {name}\ndata: {data}\n\n")
}

impl Stream for Events {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.over {
            return Poll::Ready(None);
        }
        self.talk.news.register(context.waker());
        if let Some(events) = self.next() {
            self.beat = Box::pin(sleep(HEARTBEAT));
            return Poll::Ready(Some(Ok(events.into())));
        }
        if self.beat.as_mut().poll(context).is_ready() {
            self.beat = Box::pin(sleep(HEARTBEAT));
            return Poll::Ready(Some(Ok(Bytes::from_static(b": still writing\n\n"))));
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;
    use aiva_core::ports::Entropy;
    use jiff::Timestamp;

    struct Ones;
    impl Entropy for Ones {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(1);
        }
    }

    fn events(heard_before: u64) -> (Arc<Talk>, Pin<Box<Events>>) {
        let talk = Arc::new(Talk::default());
        let events = Events {
            talk: Arc::clone(&talk),
            bytes: 0,
            characters: 0,
            heard_before,
            beat: Box::pin(sleep(HEARTBEAT)),
            over: false,
            request_id: RequestId::new(Timestamp::UNIX_EPOCH, &Ones),
        };
        (talk, Box::pin(events))
    }

    async fn next(events: &mut Pin<Box<Events>>) -> Option<String> {
        let Ok(bytes) = poll_fn(|context| events.as_mut().poll_next(context)).await?;
        Some(String::from_utf8(bytes.to_vec()).unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_stream_says_that_it_lives_every_fifteen_seconds() {
        let (talk, mut events) = events(0);
        let began = tokio::time::Instant::now();
        for beats in 1..=3 {
            assert_eq!(next(&mut events).await.unwrap(), ": still writing\n\n");
            assert_eq!(began.elapsed().as_secs(), beats * 15);
        }
        talk.hear("Hi");
        assert!(next(&mut events).await.unwrap().starts_with("id: 2\nevent: delta\n"));
        assert_eq!(began.elapsed().as_secs(), 45);
    }

    #[tokio::test(start_paused = true)]
    async fn white_space_at_either_end_is_not_told_for_it_is_not_stored() {
        let (talk, mut events) = events(0);
        talk.hear("\n ");
        talk.hear(" Grüße \n");
        assert_eq!(
            next(&mut events).await.unwrap(),
            "id: 5\nevent: delta\ndata: {\"delta\":\"Grüße\"}\n\n"
        );
        talk.hear("aus Köln");
        assert_eq!(
            next(&mut events).await.unwrap(),
            "id: 15\nevent: delta\ndata: {\"delta\":\" \\naus Köln\"}\n\n"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_heard_before_is_not_told_again() {
        let (talk, mut events) = events(3);
        talk.hear("ab");
        assert_eq!(next(&mut events).await.unwrap(), ": still writing\n\n");
        talk.hear("cd");
        let expected = "id: 4\nevent: delta\ndata: {\"delta\":\"d\"}\n\n";
        assert_eq!(next(&mut events).await.unwrap(), expected);
    }

    #[tokio::test(start_paused = true)]
    async fn an_error_is_the_last_event() {
        let (talk, mut events) = events(0);
        talk.hear("Wel");
        assert!(next(&mut events).await.unwrap().contains("Wel"));
        talk.end(Err(Error::internal("a secret")));
        let last = next(&mut events).await.unwrap();
        assert!(
            last.starts_with("id: 4\nevent: error\ndata: {\"error\":{\"code\":\"internal_error\"")
        );
        assert!(!last.contains("secret"));
        assert_eq!(next(&mut events).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_that_is_dropped_tells_the_model_to_stop() {
        let (talk, events) = events(0);
        let gone = poll_fn(|context| talk.poll_gone(context));
        let waiting = async {
            tokio::task::yield_now().await;
            drop(events);
        };
        tokio::join!(gone, waiting);
    }
}
