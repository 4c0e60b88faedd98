//! Pages: bounded limits, and cursors that only this deployment can make.

use crate::error::{Error, Result};

/// How many items one page may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit(u16);

impl Limit {
    /// Reads a `limit` query parameter: absent gives `default`, above `max` is refused.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is no whole number between 1 and `max`.
    pub fn parse(text: Option<&str>, default: u16, max: u16) -> Result<Self> {
        let Some(text) = text else { return Ok(Self(default)) };
        match text.parse::<u16>() {
            Ok(limit) if (1..=max).contains(&limit) => Ok(Self(limit)),
            _ => Err(Error::invalid("limit", format!("must be a whole number from 1 to {max}"))),
        }
    }

    /// Reads a `limit` query parameter: absent gives `default`, above `max` is cut to it.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is no whole number from 1.
    pub fn cut(text: Option<&str>, default: u16, max: u16) -> Result<Self> {
        let Some(text) = text else { return Ok(Self(default)) };
        let asked = text.parse::<u64>().ok().filter(|number| *number > 0);
        let asked =
            asked.ok_or_else(|| Error::invalid("limit", "must be a whole number from 1"))?;
        Ok(Self(u16::try_from(asked).unwrap_or(max).min(max)))
    }

    /// A limit of the program's own.
    pub const fn of(limit: u16) -> Self {
        Self(limit)
    }

    /// The number of items.
    pub const fn get(self) -> usize {
        self.0 as usize
    }
}

/// One page of a list, newest first unless said otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where the next page starts (the plain position; the edge seals it into a cursor).
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// Turns every item into another, keeping the position.
    pub fn map<U>(self, each: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(each).collect(), next: self.next }
    }
}

/// Bytes of JSON that the rows of one answer may take together. Lambda's answers are at most 6,291,556
/// bytes, in which the body is a JSON text itself: every quote of it is escaped once more.
pub const MAX_PAGE_BYTES: usize = 2_900_000;
/// What a row takes beside its texts, at most: names, ids and times.
const ROW_BYTES: usize = 1_024;

/// The room that is left on a page. What comes first always has a place.
#[derive(Debug, Default)]
pub struct Room {
    taken: usize,
}

impl Room {
    /// Takes a place for a row whose texts have so many bytes of JSON; `false` when there is none.
    pub const fn take(&mut self, bytes: usize) -> bool {
        let together = self.taken.saturating_add(bytes).saturating_add(ROW_BYTES);
        let fits = self.taken == 0 || together <= MAX_PAGE_BYTES;
        if fits {
            self.taken = together;
        }
        fits
    }
}

/// The bytes that a text takes in JSON.
pub fn json_bytes(text: &str) -> usize {
    let escapes = text.bytes().map(|byte| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 1,
        0..0x20 => 5,
        0x20..=0xff => 0,
    });
    text.len() + escapes.sum::<usize>()
}

/// Binds a cursor to one list of one workspace, e.g. `deliveries`.
#[derive(Debug, Clone, Copy)]
pub struct CursorScope<'a> {
    /// The workspace whose list it is.
    pub workspace: crate::id::WorkspaceId,
    /// The list.
    pub list: &'a str,
}

const MAC_BYTES: usize = 16;

/// Seals a position into an opaque cursor: `base32(mac ‖ position)`.
///
/// # Errors
/// When the key ring cannot be read.
pub async fn seal(
    vault: &impl crate::ports::Vault,
    scope: CursorScope<'_>,
    position: &str,
) -> Result<String> {
    let mac = vault.mac(&label(scope), position.as_bytes()).await?;
    let mut bytes = mac[..MAC_BYTES].to_vec();
    bytes.extend_from_slice(position.as_bytes());
    Ok(crate::id::base32(&bytes))
}

/// Opens a cursor that [`seal`] made for the same list.
///
/// # Errors
/// [`Error::Invalid`] when it is foreign, forged or garbage.
pub async fn open(
    vault: &impl crate::ports::Vault,
    scope: CursorScope<'_>,
    cursor: &str,
) -> Result<String> {
    use subtle::ConstantTimeEq;
    let refused = || Error::invalid("cursor", "is not a cursor of this list");
    if cursor.len() > 1_024 {
        return Err(refused());
    }
    let bytes = crate::id::base32_decode(cursor).ok_or_else(refused)?;
    let (mac, position) = bytes.split_at_checked(MAC_BYTES).ok_or_else(refused)?;
    let expected = vault.mac(&label(scope), position).await?;
    if !bool::from(expected[..MAC_BYTES].ct_eq(mac)) {
        return Err(refused());
    }
    String::from_utf8(position.to_vec()).map_err(|_| refused())
}

fn label(scope: CursorScope<'_>) -> String {
    format!("cursor/{}/{}", scope.workspace, scope.list)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_measured_as_json_writes_it() {
        for text in ["", "plain", "\"\\\n\r\t\u{8}\u{c}", "\u{0}\u{1f}\u{7f}", "日本語🦀"] {
            let written = serde_json::to_string(text).unwrap();
            assert_eq!(json_bytes(text) + 2, written.len(), "{text:?}");
        }
    }

    #[test]
    fn a_page_has_room_for_its_bytes_and_always_for_one_row() {
        let mut room = Room::default();
        assert!(room.take(2 * MAX_PAGE_BYTES));
        assert!(!room.take(1));
        let mut room = Room::default();
        let rows = (0..1_000).take_while(|_| room.take(100_000 - ROW_BYTES)).count();
        assert_eq!(rows, 29);
    }
}
