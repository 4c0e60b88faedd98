//! The answers are no worse than they have been.

use aiva_eval::{Tally, books, floor, measure};

#[tokio::test(flavor = "multi_thread")]
async fn the_answers_from_real_documents_are_no_worse_than_they_have_been() {
    let mut all = Tally::default();
    let mut sets = 0;
    for corpus in books().await.unwrap() {
        all.add(measure(&corpus).await.unwrap());
        sets += 1;
    }
    assert!(sets >= 3 && all.answerable >= 150 && all.unanswerable >= 40, "{all:?}");
    let worse = all.figures().below(&floor().unwrap());
    assert!(worse.is_empty(), "{}; see `make eval`", worse.join("; "));
}
