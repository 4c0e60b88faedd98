//! The language of what is said.

use whatlang::{Lang, Script};

/// Bytes of a text that are looked at.
const SAMPLE_BYTES: usize = 4 * 1024;
/// What a text is taken for that does not tell.
const DEFAULT: &str = "en";

/// Small words of the languages that are met most; few stand in more than one list.
const SMALL_WORDS: [(&str, &[&str]); 7] = [
    (
        "en",
        &[
            "the", "is", "are", "what", "you", "your", "my", "how", "do", "can", "i", "it", "we",
            "thank",
        ],
    ),
    (
        "de",
        &[
            "ich", "und", "der", "die", "das", "ist", "wann", "wie", "nicht", "mein", "ein",
            "kann", "bitte",
        ],
    ),
    (
        "fr",
        &[
            "je", "le", "les", "est", "vous", "quand", "mon", "ma", "une", "pour", "chez", "merci",
            "où",
        ],
    ),
    (
        "es",
        &[
            "el", "los", "es", "cuándo", "dónde", "mi", "una", "para", "gracias", "puedo", "está",
            "qué",
        ],
    ),
    (
        "it",
        &[
            "il", "gli", "è", "quando", "dove", "mio", "mia", "per", "grazie", "posso", "sono",
            "che",
        ],
    ),
    (
        "pt",
        &[
            "o", "os", "não", "onde", "meu", "minha", "uma", "para", "obrigado", "posso", "são",
            "você",
        ],
    ),
    (
        "nl",
        &[
            "ik", "het", "een", "wanneer", "waar", "mijn", "voor", "bedankt", "zijn", "niet",
            "jullie",
        ],
    ),
];

/// The language of a text as an ISO 639-1 code. Its small words tell it, or else its letters, where they
/// are enough; a few words are taken for English.
pub fn language_of(text: &str) -> &'static str {
    let sample = &text[..text.floor_char_boundary(SAMPLE_BYTES)];
    by_small_words(sample).or_else(|| by_letters(sample)).unwrap_or(DEFAULT)
}

/// The language that has more of its small words in the text than any other.
fn by_small_words(sample: &str) -> Option<&'static str> {
    let lower = sample.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphabetic()).collect();
    let counted = SMALL_WORDS.map(|(language, small)| {
        (words.iter().filter(|word| small.contains(word)).count(), language)
    });
    let best = counted.iter().map(|(count, _)| *count).max().filter(|count| *count > 0)?;
    let mut with_best = counted.iter().filter(|(count, _)| *count == best);
    let (_, language) = with_best.next()?;
    with_best.next().is_none().then_some(language)
}

/// A script of few languages tells alone; Latin letters only when there are enough of them.
fn by_letters(sample: &str) -> Option<&'static str> {
    let found = whatlang::detect(sample)?;
    let tells = found.script() != Script::Latin || found.is_reliable();
    tells.then(|| code(found.lang())).flatten()
}

/// The two letters of a language, where it has them.
fn code(lang: Lang) -> Option<&'static str> {
    Some(match lang.code() {
        "ara" => "ar",
        "ben" => "bn",
        "bul" => "bg",
        "cat" => "ca",
        "ces" => "cs",
        "cmn" => "zh",
        "dan" => "da",
        "deu" => "de",
        "ell" => "el",
        "eng" => "en",
        "est" => "et",
        "fin" => "fi",
        "fra" => "fr",
        "heb" => "he",
        "hin" => "hi",
        "hrv" => "hr",
        "hun" => "hu",
        "ind" => "id",
        "ita" => "it",
        "jpn" => "ja",
        "kat" => "ka",
        "kor" => "ko",
        "lat" => "la",
        "lav" => "lv",
        "lit" => "lt",
        "mkd" => "mk",
        "nld" => "nl",
        "nob" => "no",
        "pes" => "fa",
        "pol" => "pl",
        "por" => "pt",
        "ron" => "ro",
        "rus" => "ru",
        "slk" => "sk",
        "slv" => "sl",
        "spa" => "es",
        "srp" => "sr",
        "swe" => "sv",
        "tam" => "ta",
        "tel" => "te",
        "tha" => "th",
        "tur" => "tr",
        "ukr" => "uk",
        "urd" => "ur",
        "vie" => "vi",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_tells_its_language_and_a_word_is_taken_for_english() {
        for (text, language) in [
            ("what are your opening hours?", "en"),
            ("Ich möchte gerne wissen, wann mein Paket endlich bei mir ankommen wird.", "de"),
            ("Je voudrais savoir quand ma commande va enfin arriver chez moi, merci.", "fr"),
            ("We're open 9am-5pm on weekdays.", "en"),
            ("Wann habt ihr geöffnet?", "de"),
            ("¿Dónde está mi pedido?", "es"),
            ("Когда вы открываетесь в воскресенье?", "ru"),
            ("営業時間を教えてください", "ja"),
            ("ok", "en"),
            ("", "en"),
        ] {
            assert_eq!(language_of(text), language, "{text}");
        }
    }
}
