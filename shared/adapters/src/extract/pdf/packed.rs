//! How much packed bytes come to, counted without keeping them.

use std::io::{Read, Write};

use flate2::read::{DeflateDecoder, ZlibDecoder};
use pdf_extract::{Dictionary, Object, Stream};
use weezl::BitOrder;
use weezl::decode::Decoder;

/// Streams of one document that are looked at.
const MAX_STREAMS: usize = 200_000;
/// Bytes in a row of a picture-like stream.
const MAX_ROW_BYTES: i64 = 16 * 1024 * 1024;

/// Bytes that the compressed streams unpack to, counted without keeping any, up to a little over the
/// bound. A stream packed more than once is beyond any bound: honest documents have none.
pub(super) fn unpacked_bytes(bytes: &[u8], most: u64) -> u64 {
    const BEGIN: &[u8] = b"stream";
    let (mut total, mut streams, mut at) = (0_u64, 0, 0);
    while let Some(found) = find(&bytes[at..], BEGIN) {
        let start = at + found + BEGIN.len();
        let rest = &bytes[start..];
        let rest = rest.strip_prefix(b"\r").unwrap_or(rest);
        let rest = rest.strip_prefix(b"\n").unwrap_or(rest);
        at = start;
        // The head of a zlib stream: deflate, and a checksum over both bytes.
        let [first, second, ..] = rest else { break };
        let is_zlib = first & 0x0f == 8 && u16::from_be_bytes([*first, *second]) % 31 == 0;
        if !is_zlib {
            continue;
        }
        streams += 1;
        let left = most.saturating_add(1).saturating_sub(total);
        total += unpacked(rest, left);
        if total > most || streams > MAX_STREAMS {
            return u64::MAX;
        }
    }
    total
}

/// Bytes of one stream, at most `most`; a stream that unpacks to another is counted as both.
fn unpacked(stream: &[u8], most: u64) -> u64 {
    let mut sample = Vec::new();
    let mut unpacking = ZlibDecoder::new(stream).take(most);
    let first = std::io::copy(&mut unpacking.by_ref().take(64), &mut sample).unwrap_or(0);
    let rest = std::io::copy(&mut unpacking, &mut std::io::sink()).unwrap_or(0);
    let again = matches!(sample[..], [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..]);
    if again { most } else { first + rest }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

/// Bytes of a stream through all its filters, intermediate ones with it; nothing if that is more than `most`.
pub(super) fn of_stream(stream: &Stream, most: u64) -> Option<u64> {
    let length = |bytes: &[u8]| u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let mut total = length(&stream.content);
    let filters = stream.filters().unwrap_or_default();
    let params = stream.dict.get(b"DecodeParms").and_then(Object::as_dict).ok();
    if !filters.is_empty() && !has_honest_rows(params) {
        return None;
    }
    let mut input = std::borrow::Cow::Borrowed(&stream.content);
    for (number, filter) in filters.iter().enumerate() {
        let left = most.checked_sub(total)?;
        total += match *filter {
            b"FlateDecode" => inflated(&input, left),
            b"LZWDecode" => unwound(&input, left, params),
            // At most four bytes for one.
            b"ASCII85Decode" => length(&input).saturating_mul(4),
            // The reader knows no other: it takes such a stream as it is.
            _ => return Some(total),
        };
        if total > most {
            return None;
        }
        if number + 1 < filters.len() {
            let mut step = Stream::new(Dictionary::new(), input.into_owned());
            step.dict.set("Filter", Object::Name(filter.to_vec()));
            if let Some(params) = params {
                step.dict.set("DecodeParms", Object::Dictionary(params.clone()));
            }
            let Ok(output) = step.decompressed_content() else { return Some(total) };
            input = std::borrow::Cow::Owned(output);
        }
    }
    Some(total)
}

/// A row is laid out before there is anything to put into it.
fn has_honest_rows(params: Option<&Dictionary>) -> bool {
    let value = |key: &[u8]| {
        let value = params.and_then(|params| params.get(key).and_then(Object::as_i64).ok());
        value.unwrap_or(1).max(1)
    };
    let bits = value(b"Columns").checked_mul(value(b"Colors"));
    let bits = bits.and_then(|cells| cells.checked_mul(value(b"BitsPerComponent").max(8)));
    bits.is_some_and(|bits| bits / 8 <= MAX_ROW_BYTES)
}

/// What unpacks under its head, or, as the reader tries it then, without.
fn inflated(input: &[u8], most: u64) -> u64 {
    let count = |reader: &mut dyn Read| {
        let mut counter = Counter { bytes: 0, most };
        let _ = std::io::copy(reader, &mut counter);
        counter.bytes
    };
    match (count(&mut ZlibDecoder::new(input)), input.get(2..)) {
        (0, Some(headless)) => count(&mut DeflateDecoder::new(headless)),
        (bytes, _) => bytes,
    }
}

fn unwound(input: &[u8], most: u64, params: Option<&Dictionary>) -> u64 {
    let early = params.and_then(|params| params.get(b"EarlyChange").and_then(Object::as_i64).ok());
    let mut decoder = match early {
        Some(0) => Decoder::new(BitOrder::Msb, 8),
        Some(_) | None => Decoder::with_tiff_size_switch(BitOrder::Msb, 8),
    };
    let mut counter = Counter { bytes: 0, most };
    // What breaks off is counted up to there, as the reader keeps it up to there.
    let _ = decoder.into_stream(&mut counter).decode_all(input);
    counter.bytes
}

/// Counts up to a little over its bound and refuses more.
struct Counter {
    bytes: u64,
    most: u64,
}

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.bytes > self.most {
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
        self.bytes += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
