//! From documents to passages.

use std::collections::{HashMap, HashSet};

use aiva_core::id::SourceId;
use aiva_core::knowledge::{Document, Layout, RECORD_END};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use text_splitter::{ChunkConfig, MarkdownSplitter};

use super::tongue::Tongue;

/// Characters of a passage: parts are joined up to the first, and cut at the second.
const PASSAGE_CHARS: std::ops::Range<usize> = 500..900;

/// The splitter's work grows with the square of what it is given, so it is given no more than this at
/// once, in bytes.
const SECTION_BYTES: usize = 12 * 1024;

/// Characters of the path of headings that are kept.
const MAX_HEADINGS_CHARS: usize = 300;

/// The widest gap over which neighbours are joined, in bytes.
const MAX_GAP_BYTES: usize = 16;

/// A passage as it is indexed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Piece {
    #[serde(rename = "s")]
    pub(super) source: SourceId,
    #[serde(rename = "t")]
    pub(super) title: String,
    #[serde(rename = "u", default, skip_serializing_if = "Option::is_none")]
    pub(super) url: Option<String>,
    /// The headings above it, outermost first.
    #[serde(rename = "h", default, skip_serializing_if = "String::is_empty")]
    pub(super) headings: String,
    #[serde(rename = "x")]
    pub(super) text: String,
    /// The language that its words are stemmed in.
    #[serde(rename = "l")]
    pub(super) tongue: Tongue,
    /// What stands between the piece before it and itself, where they may be joined again.
    #[serde(rename = "g", default, skip_serializing_if = "Option::is_none")]
    pub(super) gap: Option<String>,
}

impl Piece {
    /// What it takes in memory: its text once as it stands, and about as much for its index.
    pub(super) fn bytes(&self) -> usize {
        const OVERHEAD: usize = 256;
        OVERHEAD + 2 * (self.text.len() + self.headings.len())
    }
}

/// The passages of one source, each with the digest of its words.
struct Group {
    source: SourceId,
    pieces: Vec<([u8; 32], Piece)>,
}

/// Documents in passages, source by source.
#[derive(Default)]
pub(super) struct Split {
    groups: Vec<Group>,
    /// Sources whose passages take more memory than there is.
    too_large: HashSet<SourceId>,
}

/// The passages that are indexed, each text once.
#[derive(Default)]
pub(super) struct Chosen<'a> {
    pub(super) pieces: Vec<&'a Piece>,
    /// The passages of each source that is in, by itself: those that stand elsewhere too are counted.
    pub(super) counts: HashMap<SourceId, u64>,
    /// Where the passages of each source begin in the list, in order.
    pub(super) starts: Vec<(SourceId, usize)>,
    /// Sources that did not fit.
    pub(super) left_out: HashSet<SourceId>,
    /// What the passages take in memory, about, in bytes.
    pub(super) bytes: usize,
}

impl Split {
    /// Splits documents into passages, until `max_bytes` of memory are full, each passage with so many bytes
    /// for its vector. Documents of one source stand together.
    pub(super) fn of(documents: Vec<Document>, max_bytes: usize, vector_bytes: usize) -> Self {
        let splitter = MarkdownSplitter::new(ChunkConfig::new(PASSAGE_CHARS));
        let (mut split, mut bytes) = (Self::default(), 0);
        let mut documents = documents.into_iter().peekable();
        while let Some(document) = documents.next() {
            let source = document.source;
            let mut group = Group { source, pieces: Vec::new() };
            let mut next = Some(document);
            let mut cost = 0;
            while let Some(document) = next {
                // What is too large is not held whole to find that out.
                if bytes + cost <= max_bytes {
                    for piece in pieces_of(&splitter, &document) {
                        cost += piece.bytes() + vector_bytes;
                        group.pieces.push((fingerprint(&piece.text), piece));
                    }
                }
                next = documents.next_if(|next| next.source == source);
            }
            if bytes + cost > max_bytes {
                split.too_large.insert(source);
            } else {
                bytes += cost;
                split.groups.push(group);
            }
        }
        split
    }

    /// Chooses what is indexed: the older a source, the earlier it gets its room of so many bytes, each
    /// passage with so many bytes for its vector. A source is in as a whole or not at all.
    pub(super) fn choose(&self, max_bytes: usize, vector_bytes: usize) -> Chosen<'_> {
        let mut chosen = Chosen { left_out: self.too_large.clone(), ..Chosen::default() };
        let mut seen: HashSet<&[u8; 32]> = HashSet::new();
        for Group { source, pieces } in &self.groups {
            let (mut own, mut new, mut cost) = (HashSet::new(), Vec::new(), 0);
            for (key, piece) in pieces {
                if !seen.contains(key) && own.insert(key) {
                    cost += piece.bytes() + vector_bytes;
                    new.push(piece);
                }
            }
            if chosen.bytes + cost > max_bytes {
                chosen.left_out.insert(*source);
                continue;
            }
            chosen.bytes += cost;
            chosen.starts.push((*source, chosen.pieces.len()));
            *chosen.counts.entry(*source).or_default() += pieces.len() as u64;
            seen.extend(own);
            chosen.pieces.append(&mut new);
        }
        chosen
    }
}

type Splitter = MarkdownSplitter<text_splitter::Characters>;

fn pieces_of(splitter: &Splitter, document: &Document) -> Vec<Piece> {
    let sample = format!("{}. {}", document.title, document.text);
    let tongue = Tongue::of(&sample);
    let piece = |headings: String, text: &str, gap: Option<String>| Piece {
        source: document.source,
        title: document.title.clone(),
        url: document.url.clone(),
        headings,
        text: text.to_owned(),
        tongue,
        gap,
    };
    let mut pieces = Vec::new();
    match document.layout {
        Layout::Prose => {
            let mut headings = Headings::of(&document.text);
            let mut end = None;
            for (start, section) in sections(&document.text) {
                for (offset, text) in splitter.chunk_indices(section) {
                    let at = start + offset;
                    let gap = end.and_then(|end: usize| document.text.get(end..at));
                    let gap = gap.filter(|gap| gap.len() <= MAX_GAP_BYTES && gap.trim().is_empty());
                    let gap = gap.map(str::to_owned);
                    end = says_something(text).then_some(at + text.len());
                    if end.is_some() {
                        pieces.push(piece(headings.at(at), text, gap));
                    }
                }
            }
        }
        Layout::Records => {
            let records = document.text.split(RECORD_END).map(str::trim);
            for record in records.filter(|record| says_something(record)) {
                if record.len() <= PASSAGE_CHARS.end {
                    pieces.push(piece(String::new(), record, None));
                    continue;
                }
                for (_, section) in sections(record) {
                    let parts = splitter.chunks(section).filter(|part| says_something(part));
                    pieces.extend(parts.map(|part| piece(String::new(), part, None)));
                }
            }
        }
    }
    pieces
}

fn says_something(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

/// Cuts a text into sections with their offsets: before a heading where there is one, or else between
/// paragraphs, lines or words.
fn sections(text: &str) -> Vec<(usize, &str)> {
    let mut sections = Vec::new();
    let mut start = 0;
    while text.len() - start > SECTION_BYTES {
        let window = &text[start..text.floor_char_boundary(start + SECTION_BYTES)];
        let cut = ["\n#", "\n\n", "\n", " "].into_iter().find_map(|mark| {
            // Not in the first half, lest sections become small.
            window.rfind(mark).map(|index| index + 1).filter(|cut| *cut > window.len() / 2)
        });
        let cut = cut.unwrap_or(window.len());
        sections.push((start, &window[..cut]));
        start += cut;
    }
    sections.push((start, &text[start..]));
    sections
}

/// The same for texts that differ in case, spacing and punctuation alone.
fn fingerprint(text: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        hash.update(word.to_lowercase().as_bytes());
        hash.update([0]);
    }
    hash.finalize().into()
}

/// Walks the headings of a Markdown text from its beginning.
struct Headings<'a> {
    text: &'a str,
    read: usize,
    fenced: bool,
    path: Vec<(usize, &'a str)>,
}

impl<'a> Headings<'a> {
    fn of(text: &'a str) -> Self {
        Self { text, read: 0, fenced: false, path: Vec::new() }
    }

    /// The headings above an offset, and the one that begins there; offsets must ascend.
    fn at(&mut self, offset: usize) -> String {
        while self.read <= offset {
            let Some(line) = self.text[self.read..].split_inclusive('\n').next() else { break };
            self.read += line.len();
            self.take(line.trim());
        }
        let path: Vec<_> = self.path.iter().map(|(_, title)| *title).collect();
        path.join(" / ").chars().take(MAX_HEADINGS_CHARS).collect()
    }

    fn take(&mut self, line: &'a str) {
        if line.starts_with("```") || line.starts_with("~~~") {
            self.fenced = !self.fenced;
        }
        let title = line.trim_start_matches('#');
        let level = line.len() - title.len();
        if self.fenced || !(1..=6).contains(&level) || !title.starts_with([' ', '\t']) {
            return;
        }
        self.path.retain(|(above, _)| *above < level);
        self.path.push((level, title.trim().trim_end_matches('#').trim_end()));
    }
}

#[cfg(test)]
mod tests {
    use aiva_core::id::Id;

    use super::*;

    fn document(text: &str) -> Document {
        let source = Id::from_bare(&"0".repeat(26)).unwrap();
        let (title, text) = ("Guide".to_owned(), text.to_owned());
        Document { source, title, url: None, text, layout: Layout::Prose }
    }

    fn pieces(documents: Vec<Document>) -> Vec<Piece> {
        let split = Split::of(documents, usize::MAX, 0);
        let chosen = split.choose(usize::MAX, 0).pieces;
        chosen.into_iter().cloned().collect()
    }

    #[test]
    fn a_passage_knows_the_headings_above_it() {
        let body = "Words about it, and some more of them. ".repeat(18);
        let text = format!(
            "# Shop\n\n{body}\n\n## Returns\n\n{body} a\n\n```\n# no heading\n```\n\n## Shipping ##\n\n{body} b\n"
        );
        let pieces = pieces(vec![document(&text)]);
        let path_of = |end: &str| {
            pieces.iter().find(|piece| piece.text.ends_with(end)).unwrap().headings.as_str()
        };
        assert_eq!(path_of("them."), "Shop");
        assert_eq!(path_of(" b"), "Shop / Shipping");
        assert!(pieces.iter().any(|piece| piece.headings == "Shop / Returns"));
        assert!(pieces.iter().all(|piece| piece.text.chars().count() <= PASSAGE_CHARS.end));
    }

    #[test]
    fn neighbours_and_their_gaps_are_the_text_again() {
        let text =
            (0..400).map(|number| format!("Sentence {number} of it.\n\n")).collect::<String>();
        let pieces = pieces(vec![document(&text)]);
        assert!(pieces.len() > 5 && pieces[0].gap.is_none());
        let joined: String = pieces
            .iter()
            .map(|piece| format!("{}{}", piece.gap.as_deref().unwrap_or_default(), piece.text))
            .collect();
        assert_eq!(joined, text.trim());
    }

    #[test]
    fn a_record_is_a_passage_however_short() {
        let rows = ["sku: A-1\nprice: 4", "sku: A-2\nprice: 5", " \n"].join("\u{1e}");
        let records = Document { layout: Layout::Records, ..document(&rows) };
        let source = records.source;
        let split = Split::of(vec![records], usize::MAX, 0);
        let Chosen { pieces, counts, .. } = split.choose(usize::MAX, 0);
        let texts: Vec<_> = pieces.iter().map(|piece| piece.text.as_str()).collect();
        assert_eq!(texts, ["sku: A-1\nprice: 4", "sku: A-2\nprice: 5"]);
        assert_eq!(counts[&source], 2);
        assert!(pieces.iter().all(|piece| piece.gap.is_none()));
    }

    #[test]
    fn every_word_of_a_document_is_in_a_passage() {
        let text: String = (0..2_000).map(|number| format!("word{number} ")).collect();
        let pieces = pieces(vec![document(&text)]);
        let words: Vec<_> = pieces.iter().flat_map(|piece| piece.text.split(' ')).collect();
        assert_eq!(words, text.split_ascii_whitespace().collect::<Vec<_>>());
    }

    #[test]
    fn sections_are_the_text_cut_where_it_hurts_least() {
        let parts =
            ["é".repeat(20_000), "word ".repeat(9_000), "# Heading\ntext\n\n".repeat(3_000)];
        for part in &parts {
            let sections = sections(part);
            let joined: String = sections.iter().map(|(_, section)| *section).collect();
            assert_eq!(&joined, part);
            assert!(sections.iter().all(|(at, section)| part[*at..].starts_with(section)));
            assert!(sections.iter().all(|(_, section)| section.len() <= SECTION_BYTES));
            assert!(sections.len() <= part.len() * 2 / SECTION_BYTES + 1);
        }
        assert!(sections(&parts[2]).iter().all(|(_, section)| section.starts_with("# Heading")));
    }

    #[test]
    fn the_same_text_twice_is_one_passage_and_rules_alone_are_none() {
        let twice =
            [document("Open on **Monday**."), document("open on monday\n"), document("---")];
        assert_eq!(pieces(twice.into()).len(), 1);
    }

    #[test]
    fn a_source_that_does_not_fit_is_left_out_as_a_whole_and_named() {
        let of = |number: u8, text: &str| {
            let source = Id::from_bare(&aiva_core::id::base32(&[number; 16])).unwrap();
            Document { source, ..document(text) }
        };
        let (large, small) = ("Some longer words. ".repeat(100), "A short text.");
        // What stands in the one that is left out is no duplicate.
        let documents = [of(1, "First."), of(2, small), of(2, &large), of(3, small)];
        let named = |chosen: &Chosen<'_>| {
            let mut texts = chosen.pieces.iter().map(|piece| piece.text.as_str());
            (texts.next() == Some("First."), chosen.pieces.len(), chosen.counts.len())
        };
        let split = Split::of(documents.to_vec(), usize::MAX, 0);
        assert!(split.choose(usize::MAX, 0).left_out.is_empty());
        let chosen = split.choose(1_000, 0);
        assert_eq!((named(&chosen), chosen.bytes <= 1_000), ((true, 2, 2), true));
        assert_eq!(chosen.left_out, HashSet::from([documents[1].source]));
        // The same where the memory ends while it is split.
        let split = Split::of(documents.to_vec(), 1_000, 0);
        let chosen = split.choose(usize::MAX, 0);
        assert_eq!((named(&chosen), chosen.left_out.len()), ((true, 2, 2), 1));
    }
}
