//! The language of a text, as far as it decides how words are stemmed.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tantivy::tokenizer::Language;
use whatlang::{Detector, Lang};

/// Bytes of a text that are looked at.
const SAMPLE_BYTES: usize = 4 * 1024;

/// A language that is stemmed, or any other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tongue(Option<Language>);

/// The languages that are stemmed, with the names they have in an index.
const STEMMED: [(&str, Lang, Language); 15] = [
    ("eng", Lang::Eng, Language::English),
    ("deu", Lang::Deu, Language::German),
    ("fra", Lang::Fra, Language::French),
    ("spa", Lang::Spa, Language::Spanish),
    ("ita", Lang::Ita, Language::Italian),
    ("por", Lang::Por, Language::Portuguese),
    ("nld", Lang::Nld, Language::Dutch),
    ("dan", Lang::Dan, Language::Danish),
    ("swe", Lang::Swe, Language::Swedish),
    ("nob", Lang::Nob, Language::Norwegian),
    ("fin", Lang::Fin, Language::Finnish),
    ("hun", Lang::Hun, Language::Hungarian),
    ("ron", Lang::Ron, Language::Romanian),
    ("rus", Lang::Rus, Language::Russian),
    ("tur", Lang::Tur, Language::Turkish),
];

impl Tongue {
    /// English: what a text is taken for that does not tell.
    pub(super) const ENGLISH: Self = Self(Some(Language::English));
    /// A language whose words are indexed as they are written.
    pub(super) const OTHER: Self = Self(None);

    /// The tongue of a text.
    pub(super) fn of(text: &str) -> Self {
        let sample = &text[..text.floor_char_boundary(SAMPLE_BYTES)];
        let Some(found) = whatlang::detect(sample) else { return Self::ENGLISH };
        if found.is_reliable() { Self::of_lang(found.lang()) } else { Self::ENGLISH }
    }

    /// The tongue of a question to knowledge in these tongues, of which it must be one.
    pub(super) fn of_question(question: &str, tongues: &[Self]) -> Self {
        let first = tongues.first().copied().unwrap_or(Self::ENGLISH);
        if tongues.len() < 2 {
            return first;
        }
        let known =
            STEMMED.iter().filter(|(_, _, language)| tongues.contains(&Self(Some(*language))));
        let known: Vec<Lang> = known.map(|(_, lang, _)| *lang).collect();
        let found = Detector::with_allowlist(known).detect_lang(question);
        found.map(Self::of_lang).filter(|tongue| tongues.contains(tongue)).unwrap_or(first)
    }

    fn of_lang(lang: Lang) -> Self {
        let known = STEMMED.iter().find(|(_, known, _)| *known == lang);
        known.map_or(Self::OTHER, |(_, _, language)| Self(Some(*language)))
    }

    /// The stemmer's language.
    pub(super) fn language(self) -> Option<Language> {
        self.0
    }

    /// The name in an index.
    pub(super) fn name(self) -> &'static str {
        let known = STEMMED.iter().find(|(_, _, language)| self.0 == Some(*language));
        known.map_or("", |(name, _, _)| name)
    }

    /// Reads a name.
    pub(super) fn named(name: &str) -> Self {
        let known = STEMMED.iter().find(|(known, _, _)| *known == name);
        known.map_or(Self::OTHER, |(_, _, language)| Self(Some(*language)))
    }
}

impl Serialize for Tongue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Tongue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Ok(Self::named(&name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_told_by_its_text_and_english_is_assumed() {
        let texts = [
            ("The parcel is sent back within thirty days of the delivery of the order.", "eng"),
            (
                "Das Paket kann innerhalb von dreißig Tagen nach der Lieferung zurückgesandt werden.",
                "deu",
            ),
            (
                "Le colis peut être renvoyé dans les trente jours suivant la livraison de la commande.",
                "fra",
            ),
            ("SM-2210 24.00", "eng"),
            ("", "eng"),
        ];
        for (text, name) in texts {
            assert_eq!(Tongue::of(text).name(), name, "{text}");
        }
        assert_eq!(Tongue::of("返品は三十日以内に可能です。お問い合わせください。"), Tongue::OTHER);
        for (name, _, _) in STEMMED {
            assert_eq!(Tongue::named(name).name(), name);
        }
        assert_eq!(Tongue::named(""), Tongue::OTHER);
    }
}
