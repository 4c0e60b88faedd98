//! What a message is about, by rule: a few topics of customer service, told by their words.

/// The purpose of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Intent(&'static str);

impl Intent {
    /// Its name, in lower snake case.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

/// Topics with the stems of their words, in several languages; an earlier one wins over a later one with
/// as many hits. A phrase counts twice, because it is seldom an accident.
const TOPICS: [(&str, &[&str]); 12] = [
    (
        "human_request",
        &[
            "talk to a human",
            "speak to a human",
            "real person",
            "human agent",
            "mitarbeiter sprechen",
        ],
    ),
    (
        "business_hours",
        &[
            "opening hour",
            "business hour",
            "are you open",
            "when do you open",
            "when do you close",
            "hours",
            "open",
            "closed",
            "öffnungszeit",
            "geöffnet",
            "horaire",
            "horario",
            "orari",
        ],
    ),
    (
        "order_status",
        &[
            "where is my order",
            "my order",
            "order status",
            "track",
            "arrive",
            "delivered yet",
            "bestellung",
            "sendung",
            "commande",
            "pedido",
        ],
    ),
    (
        "refund",
        &[
            "refund",
            "return",
            "money back",
            "exchange",
            "rückgabe",
            "erstatt",
            "rembours",
            "retour",
            "reembolso",
            "devol",
        ],
    ),
    (
        "shipping",
        &["ship", "deliver", "postage", "versand", "liefer", "livraison", "envío", "envio"],
    ),
    ("cancellation", &["cancel", "unsubscribe", "kündig", "stornier", "annul", "cancelar"]),
    (
        "payment",
        &[
            "pay",
            "invoice",
            "credit card",
            "charged",
            "billing",
            "rechnung",
            "zahl",
            "facture",
            "pago",
        ],
    ),
    (
        "pricing",
        &["price", "cost", "how much", "discount", "coupon", "preis", "kostet", "prix", "precio"],
    ),
    (
        "account",
        &["password", "log in", "login", "sign in", "my account", "konto", "compte", "cuenta"],
    ),
    (
        "complaint",
        &["broken", "damaged", "doesn't work", "not working", "complain", "kaputt", "cassé"],
    ),
    (
        "contact",
        &["contact", "phone number", "email address", "address", "where are you", "adresse"],
    ),
    ("greeting", &["hello", "hi", "hey", "good morning", "hallo", "bonjour", "hola", "ciao"]),
];

/// What is said when no topic is told.
const GENERAL: Intent = Intent("general");

/// Classifies a message.
pub fn intent_of(said: &str) -> Intent {
    let lower = said.to_lowercase().replace('’', "'");
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric() && c != '\'').collect();
    let hits = |stems: &[&str]| -> usize {
        let hit = |stem: &&str| match (stem.contains(' '), stem.len()) {
            (true, _) => 2 * usize::from(lower.contains(*stem)),
            // A short stem is a whole word, else "hi" would stand in "his".
            (false, ..=4) => usize::from(words.contains(stem)),
            (false, _) => usize::from(words.iter().any(|word| word.starts_with(stem))),
        };
        stems.iter().map(hit).sum()
    };
    let mut best = (0, GENERAL);
    for (topic, stems) in TOPICS {
        let count = hits(stems);
        if count > best.0 {
            best = (count, Intent(topic));
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_questions_are_told_apart() {
        for (said, topic) in [
            ("what are your opening hours?", "business_hours"),
            ("Are you open on Sundays?", "business_hours"),
            ("where is my order?", "order_status"),
            ("Can I return this and get a refund?", "refund"),
            ("Do you ship to Norway?", "shipping"),
            ("How much is the blue one?", "pricing"),
            ("I want to talk to a human", "human_request"),
            ("Wann habt ihr geöffnet?", "business_hours"),
            ("Hello!", "greeting"),
            ("Tell me about his thing", "general"),
            ("", "general"),
        ] {
            assert_eq!(intent_of(said).as_str(), topic, "{said}");
        }
    }
}
