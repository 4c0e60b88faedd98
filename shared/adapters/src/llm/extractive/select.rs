//! Choosing the one to three sentences, or the items of one list, that answer.

use super::prose::{Kind, Unit};
use super::words::{self, TellingWord};

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

/// How much more a name or a number counts than another word.
const NAME: u64 = 2;

/// A sentence that begins so is not understood without the one before it.
const LEANING: [&str; 12] = [
    "it",
    "they",
    "this",
    "these",
    "that",
    "those",
    "then",
    "otherwise",
    "however",
    "also",
    "after",
    "both",
];

/// Words of a sentence that may still be a mere label.
const MAX_LABEL_WORDS: usize = 4;

/// Words that make a short sentence say something.
const VERBS: [&str; 16] = [
    "is", "are", "was", "were", "can", "may", "must", "will", "do", "does", "have", "has", "yes",
    "no", "not", "cannot",
];

/// Chooses units, in the order of the text.
pub(super) fn select(question: &str, units: &[Unit]) -> Vec<usize> {
    let asked = words::words(question);
    let labels: Vec<bool> = units.iter().map(|unit| is_label(unit, &asked)).collect();
    let says = |unit: &usize| is_quotable(&units[*unit]) && !labels[*unit];
    let quotable: Vec<usize> = (0..units.len()).filter(says).collect();
    let scores = scores(&words::telling_words(question), units, &labels);
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

/// Writes the chosen units down: sentences in a row, items as a list under its heading.
pub(super) fn join(units: &[Unit], chosen: &[usize]) -> String {
    let mut text = String::new();
    let mut last: Option<&Unit> = None;
    for unit in chosen.iter().filter_map(|index| units.get(*index)) {
        match (last, unit.kind, &unit.heading) {
            (None, Kind::Item, Some(heading)) => {
                text.push_str(heading.trim_end_matches(':'));
                text.push_str(":\n");
            }
            (Some(_), Kind::Item, _) => text.push('\n'),
            (Some(before), Kind::Sentence, _) if before.kind == Kind::Item => text.push('\n'),
            (Some(_), Kind::Sentence, _) => text.push(' '),
            (None, _, _) => {}
        }
        if unit.kind == Kind::Item && !text.is_empty() {
            text.push_str("- ");
        }
        text.push_str(&unit.text);
        last = Some(unit);
    }
    text
}

/// A question is not an answer, and neither is a lead without what it leads to.
fn is_quotable(unit: &Unit) -> bool {
    let leads = unit.kind == Kind::Sentence && unit.text.ends_with(':');
    !unit.is_question() && !leads
}

/// Whether a sentence only names what is asked for, as a title does: "Refund policy."
fn is_label(unit: &Unit, asked: &[String]) -> bool {
    let own = words::words(&unit.text);
    unit.kind == Kind::Sentence
        && own.len() <= MAX_LABEL_WORDS
        && !own.iter().any(|word| VERBS.contains(&word.as_str()))
        && own.iter().all(|word| asked.iter().any(|asked| words::are_alike(word, asked)))
}

fn scores(telling: &[TellingWord], units: &[Unit], labels: &[bool]) -> Vec<u64> {
    // A sentence behind a label is led by it.
    let lead = |index: usize| {
        let label = index
            .checked_sub(1)
            .filter(|before| labels[*before] && units[*before].block == units[index].block);
        units[index].lead.or(label)
    };
    let own: Vec<_> = units.iter().map(|unit| words::words(&unit.text)).collect();
    let has = |words: &[String], word: &str| words.iter().any(|own| words::are_alike(own, word));
    let mut scores = vec![0; units.len()];
    for TellingWord { text: word, is_name } in telling {
        let holding = own.iter().filter(|words| has(words, word)).count();
        let rarity = RARITY / u64::try_from(holding.max(1)).unwrap_or(RARITY);
        let weight = if *is_name { rarity * NAME } else { rarity };
        for (index, unit) in units.iter().enumerate() {
            let worth = if has(&own[index], word) {
                OWN
            } else if lead(index).is_some_and(|lead| has(&own[lead], word)) {
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
        let all = "Opening hours:\n- Monday to Friday: 9 a.m. to 6 p.m.\n- Saturday: 10 a.m. to 2 p.m.\n\
                   - Sunday: closed";
        assert_eq!(answered("What are your opening hours?", HOURS), all);
        assert_eq!(answered("Are you open on Sunday?", HOURS), "Opening hours:\n- Sunday: closed");
        let led = "We ship to:\n\n* Spain\n* Italy, by rail\n\nNowhere else.";
        assert_eq!(answered("Do you ship to Italy?", led), "We ship to:\n- Italy, by rail");
        assert_eq!(answered("Spain", "- Spain\n- Italy"), "Spain");
    }

    #[test]
    fn a_sentence_answers_with_what_it_leans_on() {
        let text =
            "We repay within 14 days. It goes to the card you paid with. Gifts are different.";
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
    fn a_label_in_front_of_an_answer_is_not_the_answer() {
        let text = "Refund policy. You can return any item within 30 days for a full refund. Gift cards \
                    stay sold.";
        assert_eq!(
            answered("What is your refund policy?", text),
            "You can return any item within 30 days for a full refund."
        );
        assert_eq!(answered("Is parking free?", "Parking is free."), "Parking is free.");
        assert_eq!(answered("Refund policy?", "Refund policy."), "Refund policy.");
    }

    #[test]
    fn any_text_gives_an_answer_that_stands_in_it() {
        assert_eq!(answered("anything", ""), "");
        assert_eq!(answered("anything", "Only this?"), "Only this?");
        assert_eq!(answered("anything", "First. Second."), "First.");
    }

    #[test]
    fn no_cut_of_a_text_is_too_odd_to_be_read() {
        let text = "# Ä\n**a**: b?\n- [x](y) [z\n\n1) é… “Q.” 3.5 e.g. ü.\n|a|ß|\n|-|\n```\n#\n- \n日本。語？ ok!";
        for (from, _) in text.char_indices() {
            for (to, _) in text.char_indices().filter(|(to, _)| *to >= from) {
                answered("Ä ß 3.5 日本", &text[from..to]);
            }
        }
    }
}
