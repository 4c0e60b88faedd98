//! What is found for a question, and how well it covers it.

use super::shop::pages;
use super::{document, found, published, titles};

#[tokio::test]
async fn questions_find_their_page_whatever_the_form_of_their_words() {
    let index = published(pages()).await;
    let cases = [
        ("How do I get refunded?", "Refund policy"),
        ("when are you OPEN on saturdays", "Opening hours and address"),
        ("delivering to Switzerland", "Shipping"),
        ("paying with PayPal", "Payment"),
        ("what does SM-2210 cost", "Spare parts"),
        ("50667", "Opening hours and address"),
        ("my sewing machine has a defect", "Warranty"),
    ];
    for (question, title) in cases {
        assert_eq!(
            titles(&index, question).await.first().map(String::as_str),
            Some(title),
            "{question}"
        );
    }
}

#[tokio::test]
async fn a_title_counts_more_than_a_mention() {
    let index = published(vec![
        document(1, "News", "Our warranty changed. Read all about it in the shop next week."),
        document(2, "Warranty", "It lasts for three years from the day you bought the machine."),
    ])
    .await;
    assert_eq!(titles(&index, "warranty").await, ["Warranty", "News"]);
}

#[tokio::test]
async fn a_passage_is_a_part_of_its_source_and_carries_its_address() {
    let index = published(pages()).await;
    let passage = found(&index, "tracking number").await.remove(0);
    let source = pages().into_iter().find(|page| page.source == passage.source).unwrap();
    assert!(source.text.contains(&passage.text));
    assert_eq!((passage.title, passage.url), (source.title, source.url));
    assert!(passage.score > 0.0);
}

#[tokio::test]
async fn no_question_is_read_as_a_query_language() {
    let index = published(pages()).await;
    let odd = [
        "title:refund AND (text:\"a\" OR *:*)",
        "refund^9 -policy",
        "\"unclosed",
        "((((",
        "a/b\\c",
        "* ? ~ [a TO z]",
        "\u{0}\u{feff}",
        "🧵🧵",
        "refund\nrefund",
    ];
    for question in odd {
        assert!(found(&index, question).await.len() <= 6, "{question}");
    }
    assert_eq!(titles(&index, "-refund +policy^0").await[0], "Refund policy");
    let long = "refund and words beyond counting ".repeat(2_000);
    assert!(!found(&index, &long).await.is_empty());
}

#[tokio::test]
async fn coverage_is_the_share_of_the_questions_own_words_by_their_rarity() {
    let index = published(pages()).await;
    let coverage = async |question: &str| {
        found(&index, question).await.first().map(|passage| passage.coverage_permille)
    };
    assert_eq!(coverage("What is the refund policy?").await, Some(1_000));
    assert_eq!(coverage("xylophones?").await, None);
    let half = coverage("refunds for xylophones").await.unwrap();
    assert!((200..700).contains(&half), "{half}");
    // "Working" stands on half of the pages, "bobbin" on one.
    let rare = coverage("bobbin xylophones").await.unwrap();
    let common = coverage("working xylophones").await.unwrap();
    assert!(rare > common, "{rare} {common}");
}

#[tokio::test]
async fn the_words_of_the_title_and_of_the_headings_above_count_as_covered() {
    let filler = "Many words that say nothing of interest stand here in a row. ".repeat(12);
    let text =
        format!("# Machines\n\n{filler}\n\n## Overlock\n\n{filler}\n\nThread it from the left.");
    let index =
        published(vec![document(1, "Handbook", &text), document(2, "Other", "Else.")]).await;
    let best = found(&index, "handbook overlock machines thread left").await.remove(0);
    assert!(best.text.contains("Thread it"));
    assert_eq!(best.coverage_permille, 1_000);
}

#[tokio::test]
async fn near_duplicates_are_shown_once_and_rows_that_differ_in_a_number_each() {
    let words = "Our shop in the old town sells fabric, yarn, needles, buttons, ribbons, zips, patterns, \
                 scissors, chalk, pins, thread, hoops, frames, paint, brushes and paper";
    let index = published(vec![
        document(1, "A", &format!("{words}.")),
        document(2, "B", &format!("{words} today.")),
        document(3, "C", &format!("{words} since 1990.")),
        document(4, "D", &format!("{words} since 1991.")),
        document(5, "E", "Something about yarn and needles in another place altogether."),
    ])
    .await;
    let mut titles = titles(&index, "needles and yarn").await;
    titles.sort();
    assert_eq!(titles.len(), 4, "{titles:?}");
    assert!(titles.ends_with(&["C".to_owned(), "D".to_owned(), "E".to_owned()]));
}

#[tokio::test]
async fn no_more_passages_come_than_were_asked_for() {
    let index = published(pages()).await;
    let gone = std::collections::HashSet::new();
    for limit in [0, 1, 3] {
        let passages = aiva_core::ports::KnowledgeIndex::search(
            &index,
            super::edition(1, 1),
            "working days",
            limit,
            &gone,
        );
        assert_eq!(passages.await.unwrap().len(), limit);
    }
}
