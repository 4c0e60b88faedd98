//! Portable documents.

use aiva_core::knowledge::{Extracted, Unreadable};
use pdf_extract::{Document, PlainTextOutput, output_doc_page};

use super::{prose, refused, too_much};

mod draws;
mod map;
mod packed;
mod tame;

/// Bytes before the mark of a PDF, at most.
const HEAD_BYTES: usize = 1_024;

/// Whether a file is a PDF: its mark stands at the beginning, or behind what is no text. A text may tell of it.
pub(super) fn is_pdf(bytes: &[u8]) -> bool {
    const MARK: &[u8] = b"%PDF-";
    let start = &bytes[..bytes.len().min(HEAD_BYTES)];
    let Some(at) = start.windows(MARK.len()).position(|window| window == MARK) else {
        return false;
    };
    std::str::from_utf8(&start[..at]).map_or(true, |before| {
        let is_blank = |c: char| c.is_whitespace() || c == '\u{feff}';
        before.chars().all(is_blank) || before.chars().any(|c| c.is_control() && !is_blank(c))
    })
}

/// Reads the text of every page.
pub(super) fn read(bytes: &[u8], most: u64) -> Result<Extracted, Unreadable> {
    if is_encrypted(bytes) {
        return Err(refused("it is protected by a password; save it without one"));
    }
    // Its lists of objects may be packed, too, and are unpacked while it is opened.
    if packed::unpacked_bytes(bytes, most) > most {
        return Err(too_much());
    }
    let damaged = |_| refused("it is a damaged PDF");
    let mut document = Document::load_mem(bytes).map_err(damaged)?;
    tame::tame(&mut document, most)?;
    draws::count(&document, most)?;
    let (mut pages, mut unread) = (Vec::new(), 0);
    for number in document.get_pages().into_keys() {
        let mut page = String::new();
        match output_doc_page(&document, &mut PlainTextOutput::new(&mut page), number) {
            Ok(()) => pages.push(reflow(&page)),
            Err(_) => unread += 1,
        }
    }
    let text = pages.join("\n\n");
    if !text.chars().any(char::is_alphanumeric) {
        return Err(refused("it holds pictures only, no text; recognise its text first"));
    }
    let left_out = (unread > 0).then(|| format!("{unread} pages could not be read"));
    Ok(Extracted { left_out, ..prose(None, text) })
}

/// Whether its trailer names an encryption.
fn is_encrypted(bytes: &[u8]) -> bool {
    const MARK: &[u8] = b"/Encrypt";
    bytes.windows(MARK.len() + 1).any(|window| {
        window.starts_with(MARK)
            && matches!(window[MARK.len()], b' ' | b'\r' | b'\n' | b'<' | b'\t')
    })
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
    #[test]
    fn a_text_about_the_mark_of_a_pdf_is_none() {
        assert!(
            is_pdf(b"%PDF-1.7\n")
                && is_pdf(b" \r\n\xef\xbb\xbf%PDF-")
                && is_pdf(b"\xef\xbb\xbf\n%PDF-")
        );
        assert!(is_pdf(b"\x00\x01job%PDF-1.4") && is_pdf(b"\x1b%-12345X@PJL\r\n%PDF-1.4"));
        assert!(!is_pdf(b"# Formats\n\nA PDF begins with %PDF-1.7.\n"));
        assert!(!is_pdf("Größe: %PDF-".as_bytes()) && !is_pdf(b"%PD") && !is_pdf(b""));
    }
}
