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
