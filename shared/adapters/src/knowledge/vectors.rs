//! Vectors of passages, a byte a dimension, and the search among them: by looking at each.

#![expect(clippy::float_arithmetic, reason = "angles between vectors, not money")]

use std::cmp::Ordering;
use std::collections::HashMap;

use aiva_core::error::{Error, Result};

/// The longest vector that is taken.
pub(super) const MAX_DIMENSIONS: usize = 4_096;

/// Bytes of a key.
const KEY_BYTES: usize = 16;
/// Bytes of a norm.
const NORM_BYTES: usize = 4;

/// What a number of a vector is scaled to, at most.
const MAX_CODE: f32 = 127.0;

/// Names the text that a vector stands for: a digest of it.
pub(super) type Key = [u8; KEY_BYTES];

/// Bytes that a passage's vector adds to an index.
pub(super) fn bytes_each(dimensions: usize) -> usize {
    KEY_BYTES + NORM_BYTES + dimensions
}

/// One vector, scaled so that its greatest number is 127, and rounded. Its direction is what matters:
/// its length is kept to divide by.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Vector {
    codes: Vec<i8>,
    norm: f32,
}

impl Vector {
    /// Cuts numbers down to a byte each; a vector without direction becomes one of zeros.
    pub(super) fn of(numbers: &[f32]) -> Self {
        let greatest = numbers.iter().fold(0.0_f32, |greatest, number| greatest.max(number.abs()));
        let code = |number: &f32| {
            if greatest > 0.0 { (number / greatest * MAX_CODE).round() as i8 } else { 0 }
        };
        let codes: Vec<i8> = numbers.iter().map(code).collect();
        let norm = (dot(&codes, &codes) as f32).sqrt();
        Self { codes, norm }
    }

    /// Its numbers.
    pub(super) fn dimensions(&self) -> usize {
        self.codes.len()
    }
}

/// The vectors of an index's passages, in their order. A passage without one has zeros.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Vectors {
    dimensions: usize,
    keys: Vec<Key>,
    norms: Vec<f32>,
    codes: Vec<i8>,
}

impl Vectors {
    /// Room for passages whose texts have these keys, all without vectors.
    pub(super) fn none_of(keys: Vec<Key>, dimensions: usize) -> Self {
        let norms = vec![0.0; keys.len()];
        let codes = vec![0; keys.len() * dimensions];
        Self { dimensions, keys, norms, codes }
    }

    /// The length of each.
    pub(super) fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// What they take in memory, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.keys.len() * KEY_BYTES + self.norms.len() * NORM_BYTES + self.codes.len()
    }

    /// Whether the passage at this place has one.
    pub(super) fn has(&self, place: usize) -> bool {
        self.norms.get(place).is_some_and(|norm| *norm > 0.0)
    }

    /// Gives the passage at this place its vector; `false` when that is of another length.
    pub(super) fn set(&mut self, place: usize, vector: &Vector) -> bool {
        if vector.dimensions() != self.dimensions {
            return false;
        }
        self.codes_mut(place).copy_from_slice(&vector.codes);
        self.norms[place] = vector.norm;
        true
    }

    /// Takes over the vectors of texts that others have, of the same length.
    pub(super) fn take_over(&mut self, others: &Self) {
        let places: HashMap<Key, usize> =
            others.keys.iter().enumerate().map(|(place, key)| (*key, place)).collect();
        for place in 0..self.keys.len() {
            if let Some(there) = places.get(&self.keys[place]) {
                self.norms[place] = others.norms[*there];
                self.codes_mut(place).copy_from_slice(others.codes_at(*there));
            }
        }
    }

    /// The cosine of the angle between a question's vector and that of a passage, from -1 to 1; 0 where
    /// there is none.
    pub(super) fn similarity(&self, question: &Vector, place: usize) -> f32 {
        let norms = self.norms.get(place).copied().unwrap_or(0.0) * question.norm;
        if norms > 0.0 {
            (dot(self.codes_at(place), &question.codes) as f32 / norms).clamp(-1.0, 1.0)
        } else {
            0.0
        }
    }

    /// The places of the passages nearest to a question, nearest first; those that point away from it
    /// are none.
    pub(super) fn nearest(&self, question: &Vector, count: usize) -> Vec<u32> {
        let mut found: Vec<(f32, u32)> = Vec::new();
        for (place, norm) in (0_u32..).zip(&self.norms) {
            if *norm > 0.0 {
                let product = dot(self.codes_at(place as usize), &question.codes);
                // What is the same for all is not divided by.
                let nearness = product as f32 / norm;
                if nearness > 0.0 {
                    found.push((nearness, place));
                }
            }
        }
        if count == 0 {
            return Vec::new();
        }
        if found.len() > count {
            found.select_nth_unstable_by(count - 1, nearer);
            found.truncate(count);
        }
        found.sort_unstable_by(nearer);
        found.into_iter().map(|(_, place)| place).collect()
    }

    /// Writes them down: the keys, the norms, the codes.
    pub(super) fn write(&self, to: &mut Vec<u8>) {
        to.extend(self.keys.iter().flatten());
        to.extend(self.norms.iter().flat_map(|norm| norm.to_le_bytes()));
        to.extend(self.codes.iter().map(|code| code.cast_unsigned()));
    }

    /// Reads what [`Vectors::write`] wrote for so many passages.
    pub(super) fn read(bytes: &[u8], passages: usize, dimensions: usize) -> Result<Self> {
        let broken = || Error::internal("the vectors of a generation are broken");
        if dimensions == 0 || dimensions > MAX_DIMENSIONS {
            return Err(broken());
        }
        let (keys, rest) = bytes.split_at_checked(passages * KEY_BYTES).ok_or_else(broken)?;
        let (norms, codes) = rest.split_at_checked(passages * NORM_BYTES).ok_or_else(broken)?;
        if codes.len() != passages * dimensions {
            return Err(broken());
        }
        let (keys, _) = keys.as_chunks::<KEY_BYTES>();
        let (norms, _) = norms.as_chunks::<NORM_BYTES>();
        let norms: Vec<f32> = norms.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        if norms.iter().any(|norm| !norm.is_finite() || norm.is_sign_negative()) {
            return Err(broken());
        }
        let codes = codes.iter().map(|byte| byte.cast_signed()).collect();
        Ok(Self { dimensions, keys: keys.to_vec(), norms, codes })
    }

    /// The same without the keys, which only the next build needs.
    pub(super) fn without_keys(self) -> Self {
        Self { keys: Vec::new(), ..self }
    }

    fn codes_at(&self, place: usize) -> &[i8] {
        let start = place * self.dimensions;
        &self.codes[start..start + self.dimensions]
    }

    fn codes_mut(&mut self, place: usize) -> &mut [i8] {
        let start = place * self.dimensions;
        &mut self.codes[start..start + self.dimensions]
    }
}

/// Nearer ones first, of equals the earlier passage.
fn nearer(a: &(f32, u32), b: &(f32, u32)) -> Ordering {
    b.0.total_cmp(&a.0).then(a.1.cmp(&b.1))
}

/// A cosine in thousandths, 0 when it is negative.
pub(super) fn permille(cosine: f32) -> u16 {
    (cosine.clamp(0.0, 1.0) * 1_000.0).round() as u16
}

/// The sum of the products. It cannot overflow: 127² × 4,096 is far below what it holds. (A checked sum
/// would be looked at after every step.)
fn dot(a: &[i8], b: &[i8]) -> i32 {
    let products = a.iter().zip(b).map(|(a, b)| i32::from(*a) * i32::from(*b));
    products.fold(0, i32::wrapping_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that look random and are always the same.
    fn numbers(seed: u32, dimensions: usize) -> Vec<f32> {
        let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            (state as f32 / u32::MAX as f32 - 0.5) * 0.1
        };
        (0..dimensions).map(|_| next()).collect()
    }

    fn cosine(a: &[f32], b: &[f32]) -> f32 {
        let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        product(a, b) / (product(a, a) * product(b, b)).sqrt()
    }

    fn filled(count: u32, dimensions: usize) -> Vectors {
        let keys = (0..count).map(|number| [number as u8; KEY_BYTES]).collect();
        let mut vectors = Vectors::none_of(keys, dimensions);
        for place in 0..count {
            assert!(vectors.set(place as usize, &Vector::of(&numbers(place, dimensions))));
        }
        vectors
    }

    #[test]
    fn a_byte_a_dimension_keeps_the_angle_to_a_hundredth() {
        for dimensions in [3, 64, 256, 1_024] {
            let vectors = filled(40, dimensions);
            let question = numbers(99, dimensions);
            let asked = Vector::of(&question);
            for place in 0..40 {
                let exact = cosine(&question, &numbers(place, dimensions));
                let kept = vectors.similarity(&asked, place as usize);
                assert!((exact - kept).abs() < 0.01, "{dimensions} {exact} {kept}");
            }
        }
    }

    #[test]
    fn the_nearest_come_first_and_what_points_away_or_has_no_vector_never() {
        let dimensions = 64;
        let mut vectors = filled(100, dimensions);
        vectors.set(7, &Vector::of(&vec![0.0; dimensions]));
        let question = Vector::of(&numbers(42, dimensions));
        let found = vectors.nearest(&question, 5);
        assert_eq!((found.len(), found[0]), (5, 42));
        let all = vectors.nearest(&question, usize::MAX);
        assert_eq!(all[..5], found[..]);
        let nearness: Vec<f32> =
            all.iter().map(|place| vectors.similarity(&question, *place as usize)).collect();
        assert!(nearness.is_sorted_by(|a, b| a >= b) && nearness.iter().all(|near| *near > 0.0));
        assert!(all.len() < 99 && !all.contains(&7) && !vectors.has(7));
        assert!(vectors.nearest(&question, 0).is_empty());
        assert_eq!([permille(1.0), permille(0.4567), permille(-0.5)], [1_000, 457, 0]);
    }

    #[test]
    fn what_is_written_is_read_and_what_is_cut_or_odd_is_refused() {
        let vectors = filled(9, 32);
        let mut bytes = Vec::new();
        vectors.write(&mut bytes);
        assert_eq!((bytes.len(), vectors.bytes()), (9 * bytes_each(32), bytes.len()));
        assert_eq!(Vectors::read(&bytes, 9, 32).unwrap(), vectors);
        let bare = vectors.clone().without_keys();
        assert_eq!(bare.bytes(), 9 * (32 + NORM_BYTES));
        for (length, passages, dimensions) in
            [(bytes.len() - 1, 9, 32), (bytes.len(), 8, 32), (bytes.len(), 9, 0), (0, 0, 5_000)]
        {
            assert!(Vectors::read(&bytes[..length], passages, dimensions).is_err());
        }
        bytes[9 * KEY_BYTES..9 * KEY_BYTES + 4].copy_from_slice(&f32::NAN.to_le_bytes());
        assert!(Vectors::read(&bytes, 9, 32).is_err());
    }

    #[test]
    fn vectors_of_the_same_texts_are_taken_over_wherever_they_stand() {
        let before = filled(5, 8);
        let keys = vec![[4; KEY_BYTES], [77; KEY_BYTES], [0; KEY_BYTES]];
        let mut after = Vectors::none_of(keys, 8);
        after.take_over(&before);
        assert_eq!([0, 1, 2].map(|place| after.has(place)), [true, false, true]);
        assert_eq!(after.codes_at(0), before.codes_at(4));
        assert!(!after.set(1, &Vector::of(&numbers(1, 9))));
    }
}
