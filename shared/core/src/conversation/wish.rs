//! Recognises an explicit wish for a human, by a short list of patterns. It is conservative: a wish
//! that it misses is still answered by the agent, one that it imagines costs a human's time.
//!
//! A pattern is a row of places, each with its words separated by `|`; a place that ends in `?` may be
//! skipped. `^` is the beginning of a clause, `$` its end or a word that may follow a finished wish.
//! A clause ends at punctuation. A pattern counts nowhere behind a negation in its clause.

/// The patterns, by language: English, German, French, Spanish, Italian, Portuguese, Dutch, Polish.
const PATTERNS: &[&str] = &[
    // I want to talk to a (real) person. Speak to an agent, please.
    "^|want|need|like|me|i|please|wanna|rather|wish|prefer|must|love|gotta|just|and|but|so to? \
     just? please? talk|speak|chat to|with a|an|the|your|one|some|any? \
     real|live|actual|human|support|service|customer? support|service? \
     human|person|agent|representative|rep|operator|advisor|adviser|employee|\
     colleague|manager|supervisor being|person|agent? $",
    // … to someone real, … to somebody human.
    "talk|speak|chat to|with someone|somebody real|human|alive $",
    // Connect me to an agent. Transfer me to a human.
    "connect|transfer|forward|pass|switch|redirect|escalate|put|hand me|this|us? over|through|on? \
     to|with a|an|the|your|one? real|live|actual|human|support? \
     human|person|agent|representative|operator|manager|supervisor|colleague being? $",
    // I want a human. I need a real person.
    "i'd|would like a|an real|live|actual|human human|person|agent|representative|operator $",
    "want|need|demand|prefer|please|get|give|send|^ me? a|an? real|live|actual human|person|agent|\
     representative|operator|employee $",
    "want|need|demand|get|give|send me? a human agent|being|person|representative|operator? $",
    "want|need|demand|get|give me? human agent|support|help|assistance|representative|operator $",
    "^ a? human|operator|representative|agent please $",
    // German
    "mit einem|einer|nem|ner|dem|der|ihrem|ihrer? echten|echter|richtigen|menschlichen|lebenden|\
     wirklichen|realen? menschen|mensch|mitarbeiter|mitarbeiterin|person|berater|beraterin|\
     kundenberater|kollegen|kollegin|ansprechpartner|sachbearbeiter bitte? \
     sprechen|reden|verbinden|verbunden|chatten|telefonieren|schreiben",
    "sprechen|reden|verbinden|chatten sie? mich? bitte? mit einem|einer echten|richtigen|\
     menschlichen|lebenden? menschen|mitarbeiter|mitarbeiterin|person|berater|ansprechpartner $",
    "verbinden|verbinde|verbindet sie? mich bitte? mit einem|einer echten|richtigen|menschlichen? \
     menschen|mitarbeiter|mitarbeiterin|person|berater|ansprechpartner $",
    "möchte|will|brauche|bitte|gern|gerne|hätte bitte|gern|gerne? einen|nen \
     menschlichen|echten|richtigen menschen|mitarbeiter|ansprechpartner|berater",
    "^ menschlichen|menschlicher|echter|echten mitarbeiter|mensch|menschen|ansprechpartner bitte? $",
    // French
    "parler|discuter|échanger|communiquer à|avec un|une|votre vrai|vraie|véritable? \
     humain|conseiller|conseillère|agent|personne|opérateur|être humain|humaine|réel|réelle? $",
    "parler|discuter à|avec quelqu'un de réel|humain|vrai $",
    "veux|voudrais|besoin d'un|un vrai? humain|conseiller humain? $",
    // Spanish
    "hablar|comunicarme|chatear|contactar con un|una|algún|alguna? agente|humano|persona|asesor|asesora|\
     operador|operadora|representante|ser humano|humana|real? $",
    "quiero|necesito un|una agente|persona|asesor|operador humano|humana|real $",
    // Italian
    "parlare con un|una vero|vera? operatore|operatrice|persona|umano|consulente|essere \
     umano|umana|reale|vera|vero? $",
    "voglio|vorrei un operatore umano|reale $",
    // Portuguese
    "falar com um|uma? atendente|humano|pessoa|agente|operador|ser humano|humana|real? $",
    "quero|preciso um|uma|de? atendente|pessoa|agente|operador humano|humana|real $",
    // Dutch
    "met een echte|echt|menselijke? medewerker|mens|persoon|collega spreken|praten|chatten|\
     doorverbonden|verbonden",
    "spreken|praten|chatten met een echte|echt|menselijke? medewerker|mens|persoon $",
    // Polish
    "rozmawiać|porozmawiać z żywym|prawdziwym? człowiekiem|konsultantem|pracownikiem|agentem $",
];

/// Words that may follow a wish without making it another sentence.
const FOLLOWERS: &[&str] = &[
    "please",
    "now",
    "instead",
    "asap",
    "immediately",
    "today",
    "right",
    "about",
    "because",
    "who",
    "that",
    "and",
    "not",
    "rather",
    "from",
    "here",
    "thanks",
    "thank",
    "to",
    "for",
    "if",
    "directly",
    "bitte",
    "jetzt",
    "sofort",
    "sprechen",
    "verbinden",
    "maintenant",
    "merci",
    "s'il",
    "por",
    "ahora",
    "per",
    "alsjeblieft",
];

/// Words that turn a wish into its opposite, or into a question about the past.
const NEGATIONS: &[&str] = &[
    "not", "don't", "dont", "didn't", "never", "no", "without", "did", "do", "does", "nicht",
    "kein", "keinen", "keine", "nie", "pas", "jamais", "nunca", "non", "não", "niet", "geen",
    "ohne", "sans", "sin",
];

/// How far before a pattern a negation counts, in words.
const NEGATION_REACH: usize = 4;

/// Whether a text asks for a human.
pub(super) fn is_for_human(text: &str) -> bool {
    let patterns: Vec<Vec<&str>> =
        PATTERNS.iter().map(|pattern| pattern.split_whitespace().collect()).collect();
    clauses(text).iter().any(|clause| {
        (0..clause.len()).any(|start| {
            patterns.iter().any(|places| matches(places, clause, start))
                && !is_negated(&clause[..start + 1])
        })
    })
}

/// The clauses of a text, in lower-case words; `-` and `'` stay inside words.
fn clauses(text: &str) -> Vec<Vec<String>> {
    let text = text.to_lowercase().replace('’', "'");
    let is_end = |c: char| matches!(c, '.' | ',' | ';' | ':' | '!' | '?' | '\n' | '(' | ')' | '…');
    let is_part = |c: char| c.is_alphanumeric() || c == '-' || c == '\'';
    let clauses = text.split(is_end).map(|clause| {
        let words = clause.split(|c| !is_part(c)).map(|word| word.trim_matches(['-', '\'']));
        words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
    });
    clauses.collect()
}

fn is_negated(before: &[String]) -> bool {
    // The last of them is the pattern's own first word.
    let from = before.len().saturating_sub(NEGATION_REACH + 1);
    let can_i = |at: usize| {
        // "How do I talk to a human" asks; "do I need to" does not.
        before[at] == "do" && before.get(at + 2).is_none_or(|verb| verb != "need" && verb != "have")
    };
    (from..before.len()).any(|at| NEGATIONS.contains(&before[at].as_str()) && !can_i(at))
}

/// Whether the places of a pattern stand in a clause from this word on.
fn matches(places: &[&str], clause: &[String], at: usize) -> bool {
    let Some((place, rest)) = places.split_first() else { return true };
    let (choices, optional) = match place.strip_suffix('?') {
        Some(choices) => (choices, true),
        None => (*place, false),
    };
    if optional && matches(rest, clause, at) {
        return true;
    }
    choices.split('|').any(|choice| match (choice, clause.get(at)) {
        ("^", _) => at == 0 && matches(rest, clause, at),
        ("$", None) => matches(rest, clause, at),
        ("$", Some(next)) => FOLLOWERS.contains(&next.as_str()) && matches(rest, clause, at),
        (word, Some(next)) => word == next && matches(rest, clause, at + 1),
        (_, None) => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_explicit_wish_for_a_human_is_recognised() {
        for said in [
            "I want to talk to a human",
            "Can I speak to an agent?",
            "talk to a human",
            "Speak to an agent please",
            "I'd like to speak with a real person.",
            "Hello! Could you let me talk to someone real?",
            "please connect me to a human agent",
            "Transfer me to a representative now",
            "put me through to your manager",
            "I need a human",
            "Give me a real person!!",
            "How do I talk to a human?",
            "This is useless, get me a human being",
            "No, I want to talk to a human.",
            "I WANT TO TALK TO A HUMAN BEING NOW",
            "Real person please",
            "Human please",
            "Ich möchte mit einem Menschen sprechen",
            "Kann ich bitte mit einem echten Mitarbeiter reden?",
            "Ich brauche einen menschlichen Mitarbeiter",
            "Verbinden Sie mich bitte mit einem Mitarbeiter.",
            "Je voudrais parler à un conseiller",
            "Quiero hablar con una persona real",
            "Vorrei parlare con un operatore",
            "Quero falar com um atendente",
            "Ik wil met een echte medewerker spreken",
            "Chcę porozmawiać z człowiekiem",
        ] {
            assert!(is_for_human(said), "{said}");
        }
    }

    #[test]
    fn what_only_speaks_of_humans_is_no_wish() {
        for said in [
            "Is this human readable?",
            "I want a human-readable invoice",
            "Are you a human?",
            "Am I talking to a real person?",
            "I don't want to talk to a human",
            "Please do not connect me to an agent",
            "Do I need to talk to an agent to get a refund?",
            "Did I speak to a human yesterday?",
            "How much does it cost to talk to an agent?",
            "What does a human resources agent earn?",
            "I need a real estate agent for my house",
            "I want a real person costume",
            "How many people work for you?",
            "Do you ship human hair wigs?",
            "My agent told me to ask you",
            "Person",
            "Ich möchte nicht mit einem Menschen sprechen",
            "Wie viele Mitarbeiter haben Sie?",
            "No quiero hablar con un agente",
            "Je ne veux pas parler à un conseiller",
            "What is your refund policy?",
            "",
        ] {
            assert!(!is_for_human(said), "{said}");
        }
    }
}
