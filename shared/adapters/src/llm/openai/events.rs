//! From bytes to messages: the data of server-sent events, or one JSON document where the endpoint
//! does not stream.

use super::super::attempt::{Failure, Fault};

/// The longest event, in bytes.
const MAX_EVENT_BYTES: usize = 256 * 1024;

/// The longest document, in bytes.
const MAX_DOCUMENT_BYTES: usize = 1024 * 1024;

/// The longest stream, in bytes: each token travels in some hundred bytes of its own.
const MAX_STREAM_BYTES: usize = 32 * 1024 * 1024;

/// What the endpoint sends, told by its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Nothing came yet.
    Unknown,
    /// One JSON document.
    Document,
    /// A stream of events.
    Stream,
}

/// Cuts what comes into messages.
#[derive(Debug)]
pub(super) struct Events {
    shape: Shape,
    /// The line, or the document, that is not complete yet.
    partial: Vec<u8>,
    /// The data of the event that is not complete yet.
    data: Vec<u8>,
    total_bytes: usize,
}

impl Events {
    pub(super) fn new() -> Self {
        Self { shape: Shape::Unknown, partial: Vec::new(), data: Vec::new(), total_bytes: 0 }
    }

    pub(super) fn shape(&self) -> Shape {
        self.shape
    }

    /// Takes bytes; answers the messages that they complete.
    pub(super) fn take(&mut self, mut bytes: &[u8]) -> Result<Vec<Vec<u8>>, Failure> {
        self.total_bytes += bytes.len();
        if self.shape == Shape::Unknown {
            bytes = bytes.trim_ascii_start();
            self.shape = match bytes.first() {
                None => Shape::Unknown,
                Some(b'{') => Shape::Document,
                Some(_) => Shape::Stream,
            };
        }
        let mut messages = Vec::new();
        let (partial_limit, total_limit) = match self.shape {
            Shape::Document => (MAX_DOCUMENT_BYTES, MAX_DOCUMENT_BYTES),
            Shape::Stream | Shape::Unknown => (MAX_EVENT_BYTES, MAX_STREAM_BYTES),
        };
        if self.shape == Shape::Stream {
            while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
                self.partial.extend_from_slice(&bytes[..end]);
                bytes = &bytes[end + 1..];
                let line = std::mem::take(&mut self.partial);
                self.line(&line, &mut messages);
            }
        }
        self.partial.extend_from_slice(bytes);
        if self.partial.len() + self.data.len() > partial_limit || self.total_bytes > total_limit {
            return Err(Failure::new(Fault::TooLong, "more bytes than are taken"));
        }
        Ok(messages)
    }

    /// Ends the input; answers the messages that only its end completes.
    pub(super) fn finish(&mut self) -> Vec<Vec<u8>> {
        let rest = std::mem::take(&mut self.partial);
        let mut messages = Vec::new();
        match self.shape {
            Shape::Unknown => {}
            Shape::Document => messages.push(rest),
            Shape::Stream => {
                self.line(&rest, &mut messages);
                self.line(b"", &mut messages);
            }
        }
        messages
    }

    fn line(&mut self, line: &[u8], messages: &mut Vec<Vec<u8>>) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            if !self.data.is_empty() {
                messages.push(std::mem::take(&mut self.data));
            }
        } else if let Some(data) = line.strip_prefix(b"data:") {
            if !self.data.is_empty() {
                self.data.push(b'\n');
            }
            self.data.extend_from_slice(data.strip_prefix(b" ").unwrap_or(data));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_the_same_wherever_the_bytes_are_cut() {
        let stream = b": hi\r\ndata: {\"a\":\"\xc3\xbc\"}\r\n\r\nevent: x\ndata:one\ndata: two\n\ndata: [DONE]";
        let expected = [&b"{\"a\":\"\xc3\xbc\"}"[..], b"one\ntwo", b"[DONE]"];
        for size in 1..stream.len() {
            let mut events = Events::new();
            let mut messages = Vec::new();
            for piece in stream.chunks(size) {
                messages.extend(events.take(piece).unwrap());
            }
            messages.extend(events.finish());
            assert_eq!(messages, expected, "{size}");
        }
    }

    #[test]
    fn a_document_is_one_message() {
        let mut events = Events::new();
        assert!(events.take(b" \n").unwrap().is_empty());
        assert!(events.take(b"{\"a\":\n").unwrap().is_empty());
        assert!(events.take(b"\n1}").unwrap().is_empty());
        assert_eq!(events.finish(), [b"{\"a\":\n\n1}"]);
    }

    #[test]
    fn a_line_without_end_is_refused_before_it_fills_the_memory() {
        let mut events = Events::new();
        let line = [b'x'; 64 * 1024];
        assert_eq!((0..10).find(|_| events.take(&line).is_err()), Some(4));
        let mut events = Events::new();
        let data = [&b"data:"[..], &[b'x'; 64 * 1024], b"\n"].concat();
        assert_eq!((0..10).find(|_| events.take(&data).is_err()), Some(3));
    }
}
