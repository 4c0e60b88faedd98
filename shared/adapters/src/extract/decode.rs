//! From bytes to characters.

use aiva_core::knowledge::Unreadable;
use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

use super::refused;

/// Decodes a text: by its byte order mark, as UTF-8, by its declared charset, or as Windows-1252.
pub(super) fn text(bytes: &[u8], content_type: Option<&str>) -> Result<String, Unreadable> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        let (text, broken) = encoding.decode_without_bom_handling(&bytes[mark..]);
        return if broken { Err(refused("its characters are damaged")) } else { Ok(text.into()) };
    }
    if bytes.iter().take(8 * 1024).any(|byte| *byte == 0) {
        return Err(refused("it is neither a text nor a pdf, docx, xlsx, html or csv file"));
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ok(text.to_owned());
    }
    let declared = content_type.and_then(charset).filter(|encoding| *encoding != UTF_8);
    let (text, _, broken) = declared.unwrap_or(WINDOWS_1252).decode(bytes);
    // A picture or a program decodes to something, too.
    let odd = text.chars().filter(|c| c.is_control() && !c.is_whitespace()).count();
    if broken || odd * 100 > text.chars().count() {
        return Err(refused("it is neither a text nor a pdf, docx, xlsx, html or csv file"));
    }
    Ok(text.into_owned())
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
}
