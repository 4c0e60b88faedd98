//! Portable documents.

use std::io::Read;

use aiva_core::knowledge::{Extracted, Unreadable};

use super::{prose, refused, too_much};

/// Streams of one document that are looked at.
const MAX_STREAMS: usize = 200_000;

/// Reads the text of every page.
pub(super) fn read(bytes: &[u8], most: u64) -> Result<Extracted, Unreadable> {
    if is_encrypted(bytes) {
        return Err(refused("it is protected by a password; save it without one"));
    }
    if unpacked_bytes(bytes, most) > most {
        return Err(too_much());
    }
    let pages = pdf_extract::extract_text_from_mem_by_pages(bytes)
        .map_err(|_| refused("it is a damaged PDF"))?;
    let text = pages.iter().map(|page| reflow(page)).collect::<Vec<_>>().join("\n\n");
    if !text.chars().any(char::is_alphanumeric) {
        return Err(refused("it holds pictures only, no text; recognise its text first"));
    }
    Ok(prose(None, text))
}

/// Whether its trailer names an encryption.
fn is_encrypted(bytes: &[u8]) -> bool {
    const MARK: &[u8] = b"/Encrypt";
    bytes.windows(MARK.len() + 1).any(|window| {
        window.starts_with(MARK)
            && matches!(window[MARK.len()], b' ' | b'\r' | b'\n' | b'<' | b'\t')
    })
}

/// Bytes that the compressed streams unpack to, counted without keeping any, up to a little over the
/// bound. A stream packed more than once is beyond any bound: honest documents have none.
fn unpacked_bytes(bytes: &[u8], most: u64) -> u64 {
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
    let mut unpacking = flate2::read::ZlibDecoder::new(stream).take(most);
    let first = std::io::copy(&mut unpacking.by_ref().take(64), &mut sample).unwrap_or(0);
    let rest = std::io::copy(&mut unpacking, &mut std::io::sink()).unwrap_or(0);
    let again = matches!(sample[..], [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..]);
    if again { most } else { first + rest }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

/// Joins the lines of a paragraph, which a page breaks where it ends, and the words broken with them.
fn reflow(page: &str) -> String {
    let mut text = String::with_capacity(page.len());
    for line in page.lines().map(str::trim) {
        if line.is_empty() {
            while text.ends_with(' ') {
                text.pop();
            }
            if !text.is_empty() && !text.ends_with("\n\n") {
                text.push_str("\n\n");
            }
            continue;
        }
        let broken = text.strip_suffix("- ").is_some_and(|before| {
            before.ends_with(char::is_alphabetic) && line.starts_with(char::is_lowercase)
        });
        if broken {
            text.truncate(text.len() - 2);
        }
        text.push_str(line);
        text.push(' ');
    }
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_paragraphs_again() {
        let page = "Returns are ac-\ncepted within\nthirty days.\n\n\nShipping is\nfree.";
        assert_eq!(reflow(page), "Returns are accepted within thirty days.\n\nShipping is free.");
    }
}
