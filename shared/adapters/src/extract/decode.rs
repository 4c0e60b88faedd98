//! From bytes to characters.

use aiva_core::knowledge::Unreadable;
use encoding_rs::{Encoding, ISO_2022_JP, UTF_8, WINDOWS_1252};

use super::refused;

/// Bytes in which a page says how its characters are written.
const HEAD_BYTES: usize = 1_024;

/// Decodes a text: by its byte order mark, as UTF-8, by its declared charset, or as Windows-1252.
pub(super) fn text(bytes: &[u8], content_type: Option<&str>) -> Result<String, Unreadable> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        let (text, broken) = encoding.decode_without_bom_handling(&bytes[mark..]);
        return if broken { Err(refused("its characters are damaged")) } else { Ok(text.into()) };
    }
    if bytes.iter().take(8 * 1024).any(|byte| *byte == 0) {
        return Err(refused("it is neither a text nor a pdf, docx, xlsx, html or csv file"));
    }
    // Its sender knows, and then the page itself.
    let declared = content_type.and_then(charset).or_else(|| page_charset(bytes));
    // The one encoding whose every text is UTF-8, too, and another one.
    let is_shifted = declared == Some(ISO_2022_JP) && bytes.contains(&0x1b);
    if let (Ok(text), false) = (std::str::from_utf8(bytes), is_shifted) {
        return Ok(text.to_owned());
    }
    let declared = declared.filter(|encoding| encoding.is_ascii_compatible() || is_shifted);
    let declared = declared.filter(|encoding| *encoding != UTF_8);
    let (text, _, _) = declared.unwrap_or(WINDOWS_1252).decode(bytes);
    // A picture or a program decodes to something, too; a text may have a damaged character.
    let is_odd =
        |c: &char| c.is_control() && !c.is_whitespace() || *c == char::REPLACEMENT_CHARACTER;
    let odd = text.chars().filter(is_odd).count();
    if odd * 100 > text.chars().count() {
        return Err(refused("it is neither a text nor a pdf, docx, xlsx, html or csv file"));
    }
    Ok(text.into_owned())
}

/// The charset that a `<meta>` element near the beginning names, in either of its two ways.
fn page_charset(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = &bytes[..bytes.len().min(HEAD_BYTES)];
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    head.split("<meta").skip(1).find_map(|element| {
        let element = element.split('>').next()?;
        let (_, value) = element.split_once("charset")?;
        let value = value.trim_start().strip_prefix('=')?.trim_start();
        let ends = |c: char| matches!(c, '"' | '\'' | ';' | '/') || c.is_whitespace();
        let label = value.trim_start_matches(['"', '\'']).split(ends).next()?;
        Encoding::for_label(label.as_bytes())
    })
}

fn charset(content_type: &str) -> Option<&'static Encoding> {
    let (_, rest) = content_type.split_once("charset=")?;
    let label = rest.split(';').next()?.trim().trim_matches('"');
    Encoding::for_label(label.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_any_common_encoding_are_read_and_binaries_refused() {
        assert_eq!(text("Grüße".as_bytes(), None).unwrap(), "Grüße");
        assert_eq!(text(b"Gr\xfc\xdfe", None).unwrap(), "Grüße");
        assert_eq!(text(b"\xff\xfeG\x00r\x00", None).unwrap(), "Gr");
        assert_eq!(text(b"\xef\xbb\xbfa", None).unwrap(), "a");
        let cyrillic = text(b"\xef\xf0\xe8\xe2\xe5\xf2", Some("text/plain; charset=windows-1251"));
        assert_eq!(cyrillic.unwrap(), "привет");
        assert!(text(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", None).is_err());
        assert!(text(&[0x7f, b'E', b'L', b'F', 2, 1, 1, 0], None).is_err());
    }
    #[test]
    fn a_page_is_read_in_the_charset_that_only_it_declares() {
        let say = |head: &[u8], body: &[u8]| text(&[b"<html>", head, body].concat(), None).unwrap();
        let cyrillic = b"\xef\xf0\xe8\xe2\xe5\xf2";
        assert!(say(b"<META  Charset = windows-1251 />", cyrillic).ends_with("привет"));
        let head = b"<meta http-equiv='Content-Type' content='text/html; charset=Shift_JIS'>";
        assert!(say(head, b"\x95\xd4\x95i").ends_with("返品"));
        assert!(say(b"<meta charset='iso-2022-jp'>", b"\x1b$BJVIJ\x1b(B").ends_with("返品"));
        // What is UTF-8 stays so, and a wrong or impossible word changes nothing.
        assert!(say(b"<meta charset=\"windows-1251\">", "Grüße".as_bytes()).ends_with("Grüße"));
        assert!(say(b"<meta charset='utf-8'>", b"Gr\xfc\xdfe").ends_with("Grüße"));
        assert!(say(b"<meta charset=utf-16>", b"Gr\xfc\xdfe").ends_with("Grüße"));
        assert!(say(b"<p>charset=windows-1251</p>", b"Gr\xfc\xdfe").ends_with("Grüße"));
    }
}
