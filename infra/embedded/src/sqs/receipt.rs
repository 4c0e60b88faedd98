//! Receipt handles: which receive of which message, with a checksum against made-up ones.
//!
//! A handle carries the receive count, so it goes stale when the message is received again and no
//! column has to remember it.

use data_encoding::BASE64URL_NOPAD;

use crate::mix::fold;

const PARTS: usize = 4;

/// One receive of one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Receipt {
    pub(super) queue: i64,
    pub(super) seq: i64,
    pub(super) received: i64,
}

impl Receipt {
    /// Writes the handle that a receiver gets.
    pub(super) fn to_handle(self, salt: u64) -> String {
        let [queue, seq, received] = self.numbers();
        let check = fold(&[salt, queue, seq, received]);
        let bytes: Vec<u8> =
            [queue, seq, received, check].iter().flat_map(|part| part.to_be_bytes()).collect();
        BASE64URL_NOPAD.encode(&bytes)
    }

    /// Reads a handle; nothing when this database did not write it.
    pub(super) fn parse(handle: &str, salt: u64) -> Option<Self> {
        let bytes = BASE64URL_NOPAD.decode(handle.as_bytes()).ok()?;
        let (words, rest) = bytes.as_chunks::<8>();
        if words.len() != PARTS || !rest.is_empty() {
            return None;
        }
        let number = |at: usize| i64::from_be_bytes(words[at]);
        let receipt = Self { queue: number(0), seq: number(1), received: number(2) };
        (receipt.to_handle(salt) == handle).then_some(receipt)
    }

    fn numbers(self) -> [u64; 3] {
        [self.queue, self.seq, self.received].map(i64::cast_unsigned)
    }
}
