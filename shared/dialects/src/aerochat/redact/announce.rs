//! Words that say that a phone number follows.

/// Words that announce a number.
const CUES: [&str; 22] = [
    "phone",
    "telephone",
    "tel",
    "call",
    "mobile",
    "cell",
    "whatsapp",
    "sms",
    "dial",
    "ring",
    "fon",
    "telefon",
    "telefonnummer",
    "handy",
    "handynummer",
    "ruf",
    "rufen",
    "anrufen",
    "móvil",
    "teléfono",
    "téléphone",
    "portable",
];
/// Words that may stand between.
const FILLERS: [&str; 28] = [
    "me", "us", "him", "her", "my", "our", "at", "on", "under", "is", "no", "nr", "number", "the",
    "mich", "uns", "meine", "unter", "an", "ist", "nummer", "número", "numéro", "es", "est", "mi",
    "mon", "al",
];
/// Words between at most.
const MAX_FILLERS: usize = 4;
/// Characters that these words have at most, with what is between them.
const MAX_CHARS: usize = 100;

/// Whether a text ends in words that announce a phone number.
pub(super) fn is_announced(before: &str) -> bool {
    let near = before.char_indices().rev().take(MAX_CHARS).last().map_or(0, |(at, _)| at);
    let lower = before[near..].to_lowercase();
    let words = lower.rsplit(|character: char| !character.is_alphanumeric());
    let mut said_number = false;
    for word in words.filter(|word| !word.is_empty()).take(MAX_FILLERS + 1) {
        // "my number is", but not "my order number is".
        if CUES.contains(&word) || (said_number && ["my", "our", "meine"].contains(&word)) {
            return true;
        }
        said_number = ["number", "nummer"].contains(&word);
        if !FILLERS.contains(&word) {
            return false;
        }
    }
    false
}
