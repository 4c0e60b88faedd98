//! Admission: one conditional update checks the secret, the end and both windows, and counts.

use aiva_core::error::{Error, Result};
use aiva_core::key::{Admission, ApiKey, KeyId, SecretHash};
use jiff::Timestamp;

use super::{LOST_RACES, minute, windows};
use crate::dynamo::DynamoStore;
use crate::dynamo::item::{from_item, moment, number, text};
use crate::dynamo::keys;
use crate::dynamo::row::key::{KeyRow, hash_text};
use crate::dynamo::write::{Change, Written};

impl DynamoStore {
    /// One update where the row counts the running minute and day already; a second one where a window
    /// begins; more only where requests race for the beginning of a window.
    pub(super) async fn admitted(
        &self,
        key: KeyId,
        secret: &SecretHash,
        now: Timestamp,
    ) -> Result<Admission> {
        let hash = hash_text(secret);
        let mut at = (minute(now), now.as_second().div_euclid(86_400));
        let mut change = counting(Some(at.0), Some(at.1), at);
        for _ in 0..LOST_RACES {
            let guarded = guarded(change, &hash, now);
            let row: KeyRow = match self.update_row(keys::api_key(key), &guarded).await? {
                Written::Yes(item) => {
                    let row: KeyRow = from_item(item)?;
                    let windows = windows(&row, at)?;
                    let key = Box::new(ApiKey::try_from(row)?);
                    return Ok(Admission::Admitted { key, windows });
                }
                Written::No(None) => return Ok(Admission::Refused),
                Written::No(Some(item)) => from_item(item)?,
            };
            if !opens(&row, &hash, now) {
                return Ok(Admission::Refused);
            }
            at =
                (running(row.wm, minute(now)), running(row.wd, now.as_second().div_euclid(86_400)));
            let windows = windows(&row, at)?;
            if windows.iter().any(|window| window.remaining == 0) {
                return Ok(Admission::Limited { key: Box::new(ApiKey::try_from(row)?), windows });
            }
            change = counting(row.wm, row.wd, at);
        }
        Err(Error::unavailable("the beginning of a window is contended"))
    }
}

/// The window to count in. A row that is one ahead was counted by a process whose clock is a little
/// ahead; going back would give every such window its quota twice.
fn running(counted: Option<i64>, now: i64) -> i64 {
    match counted {
        Some(ahead) if ahead == now + 1 => ahead,
        _ => now,
    }
}

/// Whether a secret opens a key: as the condition says, for a row that was read.
fn opens(row: &KeyRow, hash: &str, now: Timestamp) -> bool {
    let old =
        row.oh.as_deref() == Some(hash) && row.ou.is_some_and(|until| until > now.as_millisecond());
    let ended = row.xp.is_some_and(|end| end <= now.as_millisecond());
    row.rv.is_none() && !ended && (row.h == hash || old)
}

/// Adds the condition that the secret opens the key.
fn guarded(change: Change, hash: &str, now: Timestamp) -> Change {
    change
        .when("attribute_exists(#pk) AND attribute_not_exists(#rv)")
        .when("(attribute_not_exists(#xp) OR #xp > :now)")
        .when("(#h = :h OR (#oh = :h AND #ou > :now))")
        .with("h", text(hash))
        .with("now", moment(now))
}

/// Counts in two windows, each of which goes on or begins.
fn counting(counted_minute: Option<i64>, counted_day: Option<i64>, at: (i64, i64)) -> Change {
    let minute = Window { names: ["wm", "cm", "lm"], counted: counted_minute, now: at.0 };
    let day = Window { names: ["wd", "cd", "ld"], counted: counted_day, now: at.1 };
    let (mut sets, mut adds) = (Vec::new(), Vec::new());
    for window in [&minute, &day] {
        let [start, count, _] = window.names;
        if window.goes_on() {
            adds.push(format!("#{count} :one"));
        } else {
            sets.push(format!("#{start} = :{start}, #{count} = :one"));
        }
    }
    let clause = |word: &str, parts: &[String]| match parts {
        [] => String::new(),
        parts => format!("{word} {} ", parts.join(", ")),
    };
    let update = clause("SET", &sets) + &clause("ADD", &adds);
    let change = Change::new(update.trim_end()).with("one", number(1));
    day.guard(minute.guard(change))
}

struct Window {
    names: [&'static str; 3],
    counted: Option<i64>,
    now: i64,
}

impl Window {
    fn goes_on(&self) -> bool {
        self.counted == Some(self.now)
    }

    /// The condition under which to count: the window is the one that was seen, and, where it goes on,
    /// it has room. A limit that is absent is none.
    fn guard(&self, change: Change) -> Change {
        let [start, count, limit] = self.names;
        if self.goes_on() {
            return change
                .when(format!("#{start} = :{start}"))
                .when(format!("(attribute_not_exists(#{limit}) OR #{count} < #{limit})"))
                .with(start, number(self.now));
        }
        let seen = self.counted.map(number);
        change.when_is((start, seen)).with(start, number(self.now))
    }
}
