//! Choosing the one to three sentences, or the items of one list, that answer.

use super::prose::{Kind, Unit};
use super::words;

/// Sentences of an answer.
const MAX_SENTENCES: usize = 3;

/// Items of a list in an answer.
const MAX_ITEMS: usize = 8;

/// What a word is worth in a sentence itself, in its lead, and in its headings.
const OWN: u64 = 4;
const LEAD: u64 = 3;
const HEADING: u64 = 2;

/// The weight that a word found in every unit would have, multiplied by their number.
const RARITY: u64 = 1_000;

/// A sentence that begins so is not understood without the one before it.
const LEANING: [&str; 12] = [
    "it", "they", "this", "these", "that", "those", "then", "otherwise", "however", "also", "after",
    "both",
];

/// Chooses units, in the order of the text.
pub(super) fn select(question: &str, units: &[Unit]) -> Vec<usize> {
    let quotable: Vec<usize> = (0..units.len()).filter(|unit| is_quotable(&units[*unit])).collect();
    let scores = scores(&words::telling_words(question), units);
    let Some(best) = quotable.iter().copied().rev().max_by_key(|unit| scores[*unit]) else {
        return (0..units.len().min(1)).collect();
    };
    let mut chosen = if units[best].kind == Kind::Item {
        items(best, units, &scores)
    } else {
        let near = scores[best] - scores[best] / 3;
        let mut ranked = quotable;
        ranked.retain(|unit| {
            units[*unit].kind == Kind::Sentence && scores[*unit] >= near.max(1) || *unit == best
        });
        // Stable: of equals the earlier one.
        ranked.sort_by_key(|unit| std::cmp::Reverse(scores[*unit]));
        ranked.truncate(MAX_SENTENCES);
        ranked
    };
    lean(&mut chosen, best, units);
    chosen.sort_unstable();
    chosen.dedup();
    chosen
}

/// Writes the chosen units down: sentences of a paragraph in a row, items as a list.
pub(super) fn join(units: &[Unit], chosen: &[usize]) -> String {
    let mut text = String::new();
    let mut last: Option<&Unit> = None;
    for unit in chosen.iter().filter_map(|index| units.get(*index)) {
        let between = match (last, unit.kind) {
            (None, _) => "",
            (Some(_), Kind::Item) => "\n",
            (Some(before), Kind::Sentence) if before.block == unit.block => " ",
            (Some(before), Kind::Sentence) if before.kind == Kind::Sentence => " ",
            (Some(_), Kind::Sentence) => "\n",
        };
        text.push_str(between);
        if unit.kind == Kind::Item && chosen.len() > 1 {
            text.push_str("- ");
        }
        text.push_str(&unit.text);
        last = Some(unit);
    }
    text
}

/// A question is not an answer, and neither is a lead without what it leads to.
fn is_quotable(unit: &Unit) -> bool {
    !unit.is_question() && !(unit.kind == Kind::Sentence && unit.text.ends_with(':'))
}

fn scores(telling: &[String], units: &[Unit]) -> Vec<u64> {
    let own: Vec<_> = units.iter().map(|unit| words::words(&unit.text)).collect();
    let has = |words: &[String], word: &str| words.iter().any(|own| words::are_alike(own, word));
    let mut scores = vec![0; units.len()];
    for word in telling {
        let holding = own.iter().filter(|words| has(words, word)).count();
        let weight = RARITY / u64::try_from(holding.max(1)).unwrap_or(RARITY);
        for (index, unit) in units.iter().enumerate() {
            let worth = if has(&own[index], word) {
                OWN
            } else if unit.lead.is_some_and(|lead| has(&own[lead], word)) {
                LEAD
            } else if has(&words::words(&unit.headings), word) {
                HEADING
            } else {
                0
            };
            scores[index] += worth * weight;
        }
    }
    scores
}

/// The best item and those of its list that match as well, led by the sentence that leads to them.
fn items(best: usize, units: &[Unit], scores: &[u64]) -> Vec<usize> {
    let alike = (0..units.len()).filter(|unit| {
        units[*unit].kind == Kind::Item
            && units[*unit].block == units[best].block
            && scores[*unit] == scores[best]
    });
    let mut chosen: Vec<_> = alike.take(MAX_ITEMS).collect();
    chosen.extend(units[best].lead.filter(|lead| units[*lead].text.ends_with(':')));
    chosen
}

/// Adds the neighbours without which the best sentence is not understood, where there is room.
fn lean(chosen: &mut Vec<usize>, best: usize, units: &[Unit]) {
    let is_neighbour = |unit: usize| {
        units.get(unit).is_some_and(|neighbour| {
            neighbour.kind == Kind::Sentence
                && neighbour.block == units[best].block
                && is_quotable(neighbour)
        })
    };
    let leans = |unit: usize| {
        let first = words::words(&units[unit].text).into_iter().next();
        first.is_some_and(|word| LEANING.contains(&word.as_str()))
    };
    if units[best].kind != Kind::Sentence {
        return;
    }
    let before = best.checked_sub(1).filter(|before| leans(best) && is_neighbour(*before));
    let after = Some(best + 1).filter(|after| is_neighbour(*after) && leans(*after));
    for neighbour in before.into_iter().chain(after) {
        if chosen.len() < MAX_SENTENCES && !chosen.contains(&neighbour) {
            chosen.push(neighbour);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::prose::units;
    use super::*;

    fn answered(question: &str, text: &str) -> String {
        let units = units(text);
        join(&units, &select(question, &units))
    }

    const HOURS: &str = "# Visit us\n\nOur shop is at 4 Mill Lane. Parking is free.\n\n## Opening hours\n\n\
        - Monday to Friday: 9 a.m. to 6 p.m.\n- Saturday: 10 a.m. to 2 p.m.\n- Sunday: closed\n";

    #[test]
    fn a_list_answers_whole_where_its_heading_is_asked_for() {
        let all = "- Monday to Friday: 9 a.m. to 6 p.m.\n- Saturday: 10 a.m. to 2 p.m.\n- Sunday: closed";
        assert_eq!(answered("What are your opening hours?", HOURS), all);
        assert_eq!(answered("Are you open on Sunday?", HOURS), "Sunday: closed");
    }

    #[test]
    fn a_sentence_answers_with_what_it_leans_on() {
        let text = "We repay within 14 days. It goes to the card you paid with. Gifts are different.";
        assert_eq!(
            answered("Which card is repaid?", text),
            "We repay within 14 days. It goes to the card you paid with."
        );
        assert_eq!(answered("How is parking?", HOURS), "Parking is free.");
    }

    #[test]
    fn a_question_of_an_faq_is_answered_and_not_repeated() {
        let text = "**Can I pay by invoice?** Yes, up to 200 EUR.\n\n**Do you deliver abroad?** No, we do not.";
        assert_eq!(answered("do you deliver abroad", text), "No, we do not.");
        assert_eq!(answered("pay by invoice", text), "Yes, up to 200 EUR.");
    }

    #[test]
    fn any_text_gives_an_answer_that_stands_in_it() {
        assert_eq!(answered("anything", ""), "");
        assert_eq!(answered("anything", "Only this?"), "Only this?");
        assert_eq!(answered("anything", "First. Second."), "First.");
    }
}
