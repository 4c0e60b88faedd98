//! One well-mixed number from several: the fault plan's dice and the queue engine's ids.

/// Mixes 64 bits so that neighbouring inputs have unrelated outputs; a bijection (`SplitMix64`).
pub(crate) const fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Folds `parts` into one mixed number; their order counts.
pub(crate) fn fold(parts: &[u64]) -> u64 {
    parts.iter().fold(0, |state, part| mix(state ^ mix(*part)))
}

/// Folds text into one mixed number.
pub(crate) fn fold_text(text: &str) -> u64 {
    text.bytes().fold(0, |state, byte| mix(state ^ u64::from(byte)))
}
