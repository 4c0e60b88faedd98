//! Capacity that operations consumed, in halves of a unit, so that it adds up exactly.

use std::collections::BTreeMap;
use std::ops::Add;

use aiva_embedded::{Recorder, Usage};

/// Requests and capacity of one operation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Units {
    pub(crate) requests: u64,
    read_halves: u64,
    write_halves: u64,
}

impl Add for Units {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            requests: self.requests + other.requests,
            read_halves: self.read_halves + other.read_halves,
            write_halves: self.write_halves + other.write_halves,
        }
    }
}

impl From<Usage> for Units {
    fn from(usage: Usage) -> Self {
        Self {
            requests: usage.requests,
            read_halves: halves(usage.read_units),
            write_halves: halves(usage.write_units),
        }
    }
}

impl Units {
    /// Read units, with one decimal.
    pub(crate) fn reads(&self) -> String {
        shown(self.read_halves)
    }

    /// Write units, with one decimal.
    pub(crate) fn writes(&self) -> String {
        shown(self.write_halves)
    }

    /// Whether no more than so many write units were consumed.
    pub(crate) const fn writes_at_most(&self, units: u64) -> bool {
        self.write_halves <= 2 * units
    }

    /// Whether no more than so many read units were consumed.
    pub(crate) const fn reads_at_most(&self, units: u64) -> bool {
        self.read_halves <= 2 * units
    }
}

/// What one step consumed, by operation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Cost(pub(crate) BTreeMap<String, Units>);

impl Cost {
    /// Takes what a recorder has recorded.
    pub(crate) fn taken(recorder: &Recorder) -> Self {
        Self(recorder.take().into_iter().map(|(name, usage)| (name, usage.into())).collect())
    }

    /// All operations together.
    pub(crate) fn total(&self) -> Units {
        self.0.values().copied().fold(Units::default(), Add::add)
    }
}

#[expect(clippy::float_arithmetic, reason = "DynamoDB reports capacity as a fraction")]
#[expect(clippy::cast_possible_truncation, reason = "a step consumes less than 2^53 units")]
#[expect(clippy::cast_sign_loss, reason = "capacity is not negative")]
fn halves(units: f64) -> u64 {
    (units * 2.0).round() as u64
}

fn shown(halves: u64) -> String {
    format!("{}.{}", halves / 2, if halves % 2 == 1 { 5 } else { 0 })
}
