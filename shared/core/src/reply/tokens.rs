//! A pessimistic count of tokens, for bounds and for endpoints that report none.

/// Tokens that a turn costs beside its text.
pub const PER_TURN: u64 = 8;

/// Estimates the tokens of a text, rather too many than too few: an ASCII token of an ordinary text
/// is four bytes (three are assumed), and other scripts take up to two tokens a character.
pub fn estimate(text: &str) -> u64 {
    let (mut ascii, mut other) = (0_u64, 0_u64);
    for character in text.chars() {
        if character.is_ascii() {
            ascii += 1;
        } else {
            other += 1;
        }
    }
    ascii.div_ceil(3) + other * 2
}

/// Cuts a text so that its estimate is at most `limit`, at a character's border.
pub fn truncate(text: &str, limit: u64) -> &str {
    if estimate(text) <= limit {
        return text;
    }
    let mut thirds = 0_u64;
    for (index, character) in text.char_indices() {
        thirds += if character.is_ascii() { 1 } else { 6 };
        if thirds > limit * 3 {
            return &text[..index];
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_truncated_text_is_within_its_limit() {
        for text in ["hello world, this is plain", "Grüße aus Köln", "日本語のテキスト"]
        {
            for limit in 0..10 {
                assert!(estimate(truncate(text, limit)) <= limit, "{text} {limit}");
            }
        }
        assert_eq!(truncate("short", 100), "short");
    }
}
