//! Markdown as it is quoted: sentences and list items, each with the headings and the lead-in that
//! give it its meaning.

/// Abbreviations that no sentence ends with.
const ABBREVIATIONS: &str = "adm approx art bldg ca cf dept dr eg e.g est ext fig i.e ie jr max min mr \
mrs ms mt nr p pp prof rev sr st str tel u.a viz vol vs z.b bzw d.h jan feb mar apr jun jul aug sep \
sept oct nov dec mon tue tues wed thu thurs fri sat sun";

/// Abbreviations that a sentence may end with: it does when a capital letter follows.
const CLOSING_ABBREVIATIONS: &str = "a.m p.m etc inc ltd co corp u.s u.k usw e.u";

/// Abbreviations only where a number follows.
const NUMBERING: &str = "no nos art sec";

/// What kind of text a unit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Sentence,
    Item,
}

/// The smallest piece that is quoted.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unit {
    pub(super) text: String,
    pub(super) kind: Kind,
    /// The paragraph or list it belongs to.
    pub(super) block: usize,
    /// The headings above it, in one line.
    pub(super) headings: String,
    /// The one just above it.
    pub(super) heading: Option<String>,
    /// The sentence that leads to it: the last one before a list, or the question it answers.
    pub(super) lead: Option<usize>,
}

impl Unit {
    /// A question of an FAQ is a heading in other clothes.
    pub(super) fn is_question(&self) -> bool {
        self.text.ends_with('?')
    }
}

/// Cuts a Markdown text into units, in their order.
pub(super) fn units(text: &str) -> Vec<Unit> {
    let mut reader = Reader::default();
    for line in text.lines() {
        reader.line(line.trim());
    }
    reader.end_paragraph();
    reader.units
}

#[derive(Default)]
struct Reader {
    units: Vec<Unit>,
    path: Vec<(usize, String)>,
    paragraph: String,
    block: usize,
    in_list: bool,
    /// The unit that leads to what comes.
    lead: Option<usize>,
}

impl Reader {
    fn line(&mut self, line: &str) {
        let is_rule = !line.is_empty() && line.chars().all(|c| "-=*_|: ".contains(c));
        if line.is_empty() {
            self.end_paragraph();
        } else if let Some((level, title)) = heading(line) {
            self.end_paragraph();
            self.path.retain(|(above, _)| *above < level);
            self.path.push((level, plain(title)));
            self.lead = None;
        } else if is_rule || line.starts_with("```") || line.starts_with("~~~") {
            self.end_paragraph();
        } else if let Some(item) = item(line) {
            if !self.in_list {
                self.end_paragraph();
                self.in_list = true;
            }
            self.push(&item, Kind::Item);
        } else if self.in_list && self.paragraph.is_empty() {
            // A line under an item goes on with it.
            if let Some(last) = self.units.last_mut() {
                last.text.push(' ');
                last.text.push_str(&plain(line));
            }
        } else {
            if !self.paragraph.is_empty() {
                self.paragraph.push(' ');
            }
            self.paragraph.push_str(line);
        }
    }

    fn end_paragraph(&mut self) {
        let paragraph = std::mem::take(&mut self.paragraph);
        if self.in_list {
            self.in_list = false;
            self.lead = self.lead.filter(|lead| self.units[*lead].is_question());
        }
        self.block += 1;
        for sentence in sentences(&plain(&paragraph)) {
            self.push(sentence, Kind::Sentence);
        }
    }

    fn push(&mut self, text: &str, kind: Kind) {
        let text = text.trim();
        if !text.contains(char::is_alphanumeric) {
            return;
        }
        let headings: Vec<_> = self.path.iter().map(|(_, title)| title.as_str()).collect();
        let unit = Unit {
            text: text.to_owned(),
            kind,
            block: self.block,
            headings: headings.join(" "),
            heading: headings.last().map(|title| (*title).to_owned()),
            lead: self.lead,
        };
        if unit.is_question() || (kind == Kind::Sentence && text.ends_with(':')) {
            self.lead = Some(self.units.len());
        }
        self.units.push(unit);
    }
}

fn heading(line: &str) -> Option<(usize, &str)> {
    let title = line.trim_start_matches('#');
    let level = line.len() - title.len();
    let is_heading = (1..=6).contains(&level) && title.starts_with([' ', '\t']);
    is_heading.then(|| (level, title.trim().trim_end_matches('#').trim_end()))
}

/// The text of a list item or of a table's row.
fn item(line: &str) -> Option<String> {
    if let Some(row) = line.strip_prefix('|') {
        let cells = row.trim_end_matches('|').split('|').map(str::trim);
        return Some(plain(&cells.collect::<Vec<_>>().join(" | ")));
    }
    let bullet = ["- ", "* ", "+ ", "• ", "– "].into_iter().find_map(|b| line.strip_prefix(b));
    let numbered = || {
        let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
        let is_number = (1..=3).contains(&(line.len() - rest.len()));
        rest.strip_prefix([')', '.']).filter(|rest| is_number && rest.starts_with(' '))
    };
    bullet.or_else(numbered).map(plain)
}

/// Takes emphasis out, and writes links as `text (address)`.
fn plain(text: &str) -> String {
    let text = text.replace("**", "").replace("__", "");
    let mut shown = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once('[') {
        shown.push_str(before);
        let link = after.split_once("](").and_then(|(label, after)| {
            let (address, after) = after.split_once(')')?;
            (!label.contains(['[', ']']) && !address.contains(' '))
                .then_some((label, address, after))
        });
        if let Some((label, address, after)) = link {
            shown.push_str(label);
            if label != address {
                shown.push_str(&format!(" ({address})"));
            }
            rest = after;
        } else {
            shown.push('[');
            rest = after;
        }
    }
    shown.push_str(rest);
    shown
}

/// Cuts a paragraph into sentences.
fn sentences(paragraph: &str) -> Vec<&str> {
    let mut sentences = Vec::new();
    let mut start = 0;
    let mut characters = paragraph.char_indices().peekable();
    while let Some((index, c)) = characters.next() {
        if !".!?…:。！？".contains(c) {
            continue;
        }
        let mut end = index + c.len_utf8();
        while let Some((_, closing)) = characters.next_if(|(_, c)| ".!?…\"')]”’»".contains(*c))
        {
            end += closing.len_utf8();
        }
        if ends_sentence(&paragraph[start..index], c, &paragraph[end..]) {
            sentences.push(paragraph[start..end].trim());
            start = end;
        }
    }
    sentences.push(paragraph[start..].trim());
    sentences.retain(|sentence| !sentence.is_empty());
    sentences
}

/// Whether a sentence ends between `before` and `after`, at the mark `c`.
fn ends_sentence(before: &str, c: char, after: &str) -> bool {
    if "。！？".contains(c) {
        return true;
    }
    let Some(next) = after.trim_start().chars().next() else { return true };
    // A colon ends only the last sentence of a paragraph, where it leads to a list.
    if c == ':' || !after.starts_with(char::is_whitespace) || next.is_lowercase() {
        return false;
    }
    if c != '.' {
        return true;
    }
    let word = before.rsplit(char::is_whitespace).next().unwrap_or_default();
    let word = word.trim_start_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    let is_in = |list: &str| list.split_ascii_whitespace().any(|entry| entry == word);
    let is_initial = word.chars().count() == 1 && !word.contains(|c: char| c.is_ascii_digit());
    let is_ordinal = before.trim().chars().all(|c| c.is_ascii_digit());
    if is_in(CLOSING_ABBREVIATIONS) {
        return next.is_uppercase();
    }
    !(is_initial
        || is_ordinal
        || is_in(ABBREVIATIONS)
        || (is_in(NUMBERING) && next.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_survive_prices_abbreviations_and_initials() {
        let cases: [&[&str]; 8] = [
            &["It costs $19.99.", "Shipping is 4.90 EUR."],
            &["Open from 9 a.m. to 5 p.m. on weekdays.", "Closed on Sundays."],
            &["We close at 5 p.m.", "The gate stays open."],
            &["Bring an ID, e.g. a passport.", "Dr. J. Smith will see you!"],
            &["Use form No. 7 for that.", "No.", "Really?!", "Yes…", "Good."],
            &["See https://shop.example/a.b?c=1. Done"],
            &["He said “Stop.”", "Then (see below.) it went on."],
            &["Version 2.1.3 is out."],
        ];
        for expected in cases {
            let joined = expected.join(" ");
            let joined = joined.replace("c=1. Done", "c=1.");
            let expected: Vec<_> =
                expected.iter().map(|s| s.strip_suffix(" Done").unwrap_or(s)).collect();
            assert_eq!(sentences(&joined), expected);
        }
        assert_eq!(sentences("営業中です。日曜は休み。"), ["営業中です。", "日曜は休み。"]);
    }

    #[test]
    fn units_know_their_headings_and_their_lead() {
        let text = "# Shop\n\nWe ship. We ship to:\n- **Germany**, 2 days\n  by parcel\n- [France](https://x.example/f)\n\n\
                    After that.\n\n## FAQ\n\nCan I pay by card? Yes, you can.\n\n| Land | Price |\n|---|---|\n| DE | 4.90 |";
        let units = units(text);
        let seen: Vec<_> =
            units.iter().map(|u| (u.text.as_str(), u.headings.as_str(), u.lead)).collect();
        assert_eq!(
            seen,
            [
                ("We ship.", "Shop", None),
                ("We ship to:", "Shop", None),
                ("Germany, 2 days by parcel", "Shop", Some(1)),
                ("France (https://x.example/f)", "Shop", Some(1)),
                ("After that.", "Shop", None),
                ("Can I pay by card?", "Shop FAQ", None),
                ("Yes, you can.", "Shop FAQ", Some(5)),
                ("Land | Price", "Shop FAQ", Some(5)),
                ("DE | 4.90", "Shop FAQ", Some(5)),
            ]
        );
        assert_eq!(units[8].heading.as_deref(), Some("FAQ"));
    }
}
