//! Answers without a model, out of the pages of a shop: what is known and what is not.

use std::collections::HashSet;

use aiva_adapters::knowledge::MemoryIndex;
use aiva_adapters::llm::Extractive;
use aiva_core::id::Id;
use aiva_core::knowledge::Edition;
use aiva_core::ports::KnowledgeIndex;
use aiva_core::reply::{ModelReply, ModelRequest, Stance, tokens};
use aiva_core::wallet::UsageSource;

use super::{ask, request};
use crate::knowledge::shop;

/// Questions with the page that answers them and words of the answer.
const ANSWERABLE: [(&str, &str, &str); 25] = [
    ("What is your refund policy?", "Refund policy", "within 30 days"),
    ("How long does a refund take?", "Refund policy", "within 5 working days"),
    ("Can I return an unused item?", "Refund policy", "30 days"),
    ("who pays for return shipping", "Refund policy", "free within Germany"),
    ("Can I return gift vouchers?", "Refund policy", "What cannot be returned:\n- Gift vouchers"),
    ("Do you sell bobbins?", "Spare parts", "Bobbin case"),
    (
        "What is the postage for returning a parcel from other countries?",
        "Refund policy",
        "9.90 EUR",
    ),
    ("How long does delivery take?", "Shipping", "2 to 3 working days"),
    ("Do you deliver to Switzerland?", "Shipping", "Switzerland: 6 working days"),
    ("How much does delivery to France cost?", "Shipping", "12.90 EUR"),
    ("Is delivery free for orders over 50 EUR?", "Shipping", "free of charge"),
    ("Where do I find my tracking number?", "Shipping", "e-mail with a tracking number"),
    ("When are you open?", "Opening hours and address", "9 a.m. to 6 p.m."),
    ("What are your opening hours?", "Opening hours and address", "Saturday: 10 a.m."),
    ("Are you open on Sunday?", "Opening hours and address", "Sunday: closed"),
    ("What is the address of the shop?", "Opening hours and address", "Mill Lane 4"),
    ("Is there parking?", "Opening hours and address", "Parking is free"),
    ("Which payment methods do you accept?", "Payment", "PayPal and bank transfer"),
    ("Can I pay by invoice?", "Payment", "within 14 days"),
    ("Do you take credit cards?", "Payment", "credit cards"),
    ("When is my card charged?", "Payment", "leaves our warehouse"),
    ("How long is the warranty on a sewing machine?", "Warranty", "3 years"),
    ("How long do repairs take?", "Warranty", "10 working days"),
    ("What does the bobbin case cost?", "Spare parts", "24.00 EUR"),
    ("What is SM-7735?", "Spare parts", "Foot pedal"),
];

/// Questions that no page answers, though pages share words with some of them.
const UNANSWERABLE: [&str; 16] = [
    "Do you offer sewing classes for children?",
    "Who is your chief executive?",
    "Are you hiring at the moment?",
    "What is the capital of France?",
    "Can I bring my dog into the store?",
    "Do you sell bitcoin?",
    "What's the weather like tomorrow?",
    "How do I reset my password?",
    "Is there a student discount?",
    "Do you have a phone number for the press office?",
    "Which fabrics are vegan?",
    "Write me a poem about the sea",
    "Does the loyalty programme expire?",
    "Kann ich mit Rechnung bezahlen?",
    "asdf qwertz",
    "What?",
];

async fn shop_request(index: &MemoryIndex, question: &str) -> ModelRequest {
    let edition = Edition { project: Id::from_bare(&"0".repeat(26)).unwrap(), version: 1 };
    if !index.has(edition) {
        index.publish(edition, shop::pages()).await.unwrap();
    }
    let passages = index.search(edition, question, 6, &HashSet::new()).await.unwrap();
    ModelRequest { passages, ..request(question) }
}

async fn reply(request: &ModelRequest) -> ModelReply {
    let (reply, deltas) = ask(&Extractive, request).await;
    let reply = reply.unwrap();
    assert_eq!(deltas.concat(), reply.text);
    reply
}

#[tokio::test]
async fn what_the_pages_say_is_answered_in_their_words_with_their_name() {
    let index = MemoryIndex::default();
    let mut wrong = Vec::new();
    for (question, title, words) in ANSWERABLE {
        let request = shop_request(&index, question).await;
        let reply = reply(&request).await;
        let named = reply.text.contains(&format!("\n\nSource: {title} (https://shop.example/"));
        let cited = reply.cited.iter().all(|index| request.passages[*index].title == title);
        if !(named && cited && reply.cited.len() == 1 && reply.text.contains(words)) {
            let coverage = request.passages.iter().map(|p| p.coverage_permille).max();
            wrong.push((question, coverage, reply.text));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn what_the_pages_do_not_say_is_not_answered() {
    let index = MemoryIndex::default();
    let mut wrong = Vec::new();
    for question in UNANSWERABLE {
        let request = shop_request(&index, question).await;
        let reply = reply(&request).await;
        if !(reply.stance == Stance::Unknown && reply.cited.is_empty()) {
            let coverage = request.passages.iter().map(|p| p.coverage_permille).max();
            wrong.push((question, coverage, reply.text));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn the_answer_is_counted_by_what_it_read_and_wrote() {
    let index = MemoryIndex::default();
    let request = shop_request(&index, "What is your refund policy?").await;
    let reply = reply(&request).await;
    let usage = reply.usage.unwrap();
    let passage = &request.passages[reply.cited[0]];
    let read = tokens::estimate(&request.question) + tokens::estimate(&passage.text);
    assert_eq!((usage.input_tokens, usage.output_tokens), (read, tokens::estimate(&reply.text)));
    assert_eq!(usage.source, UsageSource::Estimated);
    assert!(usage.input_tokens <= request.estimated_input_tokens() + read);
}

#[tokio::test]
async fn the_answer_keeps_its_bound_however_small() {
    let index = MemoryIndex::default();
    for max_output_tokens in 0..120 {
        let request = shop_request(&index, "How long does a refund take?").await;
        let reply = reply(&ModelRequest { max_output_tokens, ..request }).await;
        assert!(tokens::estimate(&reply.text) <= u64::from(max_output_tokens));
    }
}

#[tokio::test]
async fn a_greeting_is_returned_without_a_source() {
    let index = MemoryIndex::default();
    let reply = reply(&shop_request(&index, "Hello!").await).await;
    assert_eq!(reply.text, "Hello! How can I help you?");
    assert!(reply.cited.is_empty());
}
