//! What is said where the answer is not known.

use crate::message::language_of;

/// Says in the language of the question that the answer to it is not known, or in English.
pub fn unknown(question: &str) -> &'static str {
    match language_of(question) {
        "de" => "Das konnte ich in den Informationen, die ich habe, leider nicht finden.",
        "es" => "Lo siento, no he encontrado una respuesta en la información que tengo.",
        "fr" => {
            "Désolé, je n'ai pas trouvé de réponse à cela dans les informations dont je dispose."
        }
        "it" => "Mi dispiace, non ho trovato una risposta nelle informazioni che ho.",
        "nl" => "Sorry, ik heb daar geen antwoord op gevonden in de informatie die ik heb.",
        "pt" => "Desculpe, não encontrei uma resposta nas informações que tenho.",
        _ => "I'm sorry, I couldn't find an answer to that in the information I have.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_said_in_the_language_of_the_question() {
        for question in [
            "Wann kommt mein Paket, und wo ist es?",
            "¿Dónde está mi pedido?",
            "Je voudrais savoir quand ma commande va enfin arriver chez moi, merci.",
            "what are your opening hours?",
        ] {
            assert_eq!(language_of(unknown(question)), language_of(question), "{question}");
        }
    }
}
