//! Sources that do not fit, that are lost, or that change while an index is built.

use std::collections::HashSet;

use aiva_core::id::ProjectId;
use aiva_core::knowledge::{BuildWatch, Built, Document, Edition, Generation};
use aiva_core::ports::Objects;

use super::*;

/// An index that something happens to while it is built: a source is asked for again.
struct Interrupted {
    world: Arc<World>,
    index: MemoryIndex,
    again: SourceId,
}

impl KnowledgeIndex for Interrupted {
    fn held(&self, project: ProjectId) -> Option<u64> {
        self.index.held(project)
    }

    async fn publish(&self, edition: Edition, documents: Vec<Document>) -> Result<()> {
        self.index.publish(edition, documents).await
    }

    async fn build_watched(
        &self,
        documents: Vec<Document>,
        before: Option<&Generation>,
        embed_for: Duration,
        watch: &impl BuildWatch,
    ) -> Result<Built> {
        let built = self.index.build_watched(documents, before, embed_for, watch).await?;
        resync(&self.world, self.again).await;
        Ok(built)
    }

    async fn search(
        &self,
        edition: Edition,
        question: &str,
        limit: usize,
        gone: &HashSet<SourceId>,
    ) -> Result<Vec<Passage>> {
        self.index.search(edition, question, limit, gone).await
    }
}

/// A text of many words that are found nowhere else.
fn words(letter: char, count: usize) -> String {
    (0..count).map(|number| format!("{letter}word{number} ")).collect()
}

#[tokio::test]
async fn what_does_not_fit_fails_with_a_reason_and_is_ready_when_there_is_room() {
    let world = Arc::new(World::new().await);
    let hook = json!({
        "dialect": "aivastark", "url": "https://hooks.example.com/", "events": ["knowledge.updated"],
    });
    operate(&world, "POST", "/webhooks", &hook).await;
    let told = async || {
        let list = operate(&world, "GET", "/logs/deliveries?event=knowledge.updated", &Value::Null);
        list.await.1["data"]["items"].as_array().unwrap().len()
    };
    let worker = Worker::with_room(&world, 200_000);
    let raw = |letter, count| json!({ "type": "raw", "text": words(letter, count) });
    let first = add(&world, raw('a', 8_000)).await;
    let large = add(&world, raw('b', 15_000)).await;
    let small = add(&world, raw('c', 20)).await;
    worker.work().await;
    let failed = shown(&world, large).await;
    assert_eq!((&failed["status"], &failed["chunks"]), (&json!("failed"), &Value::Null));
    assert!(failed["reason"].as_str().unwrap().contains("no room"), "{failed}");
    for id in [first, small] {
        assert_eq!(shown(&world, id).await["status"], "ready");
    }
    assert_eq!(told().await, 3);
    let generation = world.project().await.knowledge.generation.unwrap();
    assert!(generation.bytes <= 200_000, "{generation:?}");
    // Readers of the same bound open what was built; nothing of what failed is in it.
    let reader = Worker::with_room(&world, 200_000);
    reader.index.open(world.project().await.id, &generation).await.unwrap();
    assert!(reader.found("bword7").await.is_empty());
    assert_eq!(reader.found("cword7").await.len(), 1);

    let path = format!("{SOURCES}/{first}");
    assert_eq!(operate(&world, "DELETE", &path, &Value::Null).await.0, 200);
    worker.work().await;
    let ready = shown(&world, large).await;
    assert_eq!((&ready["status"], ready.get("reason")), (&json!("ready"), None));
    assert!(ready["chunks"].as_u64().unwrap() > 100, "{ready}");
    assert_eq!(worker.found("bword7").await.len(), 1);
    assert_eq!(told().await, 4);
}

#[tokio::test]
async fn a_generation_beyond_the_memory_is_not_made_again_with_less_in_it() {
    let world = Arc::new(World::new().await);
    for letter in ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'] {
        add(&world, json!({ "type": "raw", "text": words(letter, 14_000) })).await;
    }
    let worker = Worker::new(&world);
    worker.work().await;
    let project = world.project().await;
    assert!(project.knowledge.text_bytes > 1024 * 1024);
    assert_eq!(worker.found("hword7").await.len(), 1);
    let reader = Worker::with_room(&world, 100_000);
    let app = &*world.edge.app;
    let asked = knowledge::search(app, &reader.index, &project, "aword7", 3).await;
    assert!(asked.is_err(), "{asked:?}");
    assert!(!world.project().await.knowledge.owed, "it would be as large again");

    // One that is gone is made anew by a worker, under a version of its own.
    let generation = project.knowledge.generation.clone().unwrap();
    app.objects.delete(&generation.object).await.unwrap();
    let fresh = Worker::new(&world);
    let asked = knowledge::search(app, &fresh.index, &project, "aword7", 3).await;
    assert!(asked.is_err(), "{asked:?}");
    assert!(world.project().await.knowledge.owed);
    worker.work().await;
    assert_eq!(fresh.found("aword7").await.len(), 1);
}

#[tokio::test]
async fn before_the_first_publish_only_small_knowledge_is_indexed_on_the_spot() {
    let world = Arc::new(World::new().await);
    let text = |letter| json!({ "type": "raw", "text": words(letter, 14_000) });
    for letter in ['a', 'b', 'c', 'd', 'e', 'f'] {
        let id = add(&world, text(letter)).await;
        assert_eq!(shown(&world, id).await["status"], "ready");
    }
    let mut late = Vec::new();
    for letter in ['g', 'h'] {
        late.push(add(&world, text(letter)).await);
    }
    assert_eq!(shown(&world, late[1]).await["status"], "indexing");
    let worker = Worker::new(&world);
    assert!(worker.found("hword7").await.is_empty());
    worker.work().await;
    assert_eq!(worker.found("hword7").await.len(), 1);
    assert_eq!(shown(&world, late[1]).await["status"], "ready");
}

#[tokio::test]
async fn a_failure_is_forgotten_when_the_page_is_back_and_what_was_left_out_is_not() {
    let (world, pages) = (Arc::new(World::new().await), Pages::default());
    let root = pages.open().await;
    pages.set("/kayaks", "Kayaks cost ninety crowns.");
    let page = json!({ "type": "url", "url": format!("{root}/kayaks"), "refreshSeconds": 3_600 });
    let (id, worker) = (add(&world, page).await, Worker::new(&world));
    worker.work().await;
    let (seen, text) = ("status", "Kayaks cost ninety crowns.");
    pages.set("/kayaks", "404");
    world.wait(3_700);
    worker.work().await;
    let failed = shown(&world, id).await;
    assert_eq!((&failed[seen], failed["reason"].is_string()), (&json!("failed"), true));
    pages.set("/kayaks", text);
    world.wait(3_700);
    worker.work().await;
    let ready = shown(&world, id).await;
    assert_eq!((&ready[seen], ready.get("reason")), (&json!("ready"), None));

    // A table whose rows did not all fit says so after a 304, too, and after a failure.
    let row: String = (0..600).map(|cell| format!("c{cell},")).collect();
    let table = format!("{row}\n{row}\n");
    pages.set("/table.csv", table.clone());
    let table_page =
        json!({ "type": "url", "url": format!("{root}/table.csv"), "refreshSeconds": 3_600 });
    let id = add(&world, table_page).await;
    worker.work().await;
    let told = shown(&world, id).await["reason"].clone();
    assert!(told.is_string(), "{}", shown(&world, id).await);
    for answer in [table.as_str(), "404", table.as_str()] {
        pages.set("/table.csv", answer);
        world.wait(3_700);
        worker.work().await;
    }
    assert_eq!(shown(&world, id).await["reason"], told);
}

#[tokio::test]
async fn what_is_asked_for_again_during_a_publish_is_counted_all_the_same() {
    let (world, pages) = (Arc::new(World::new().await), Pages::default());
    let root = pages.open().await;
    pages.set("/kayaks", "Kayaks cost ninety crowns.");
    let id = add(&world, json!({ "type": "url", "url": format!("{root}/kayaks") })).await;
    let worker = Worker::new(&world);
    let (index, again) = (worker.index.clone(), id);
    let interrupted = Interrupted { world: Arc::clone(&world), index, again };
    // Fetched, then published while it is asked for again.
    let (app, lease) = (&*world.edge.app, Duration::from_secs(600));
    let settings = IngestionSettings { holder: "w".to_owned(), epoch: 0, lease };
    let way = Way::new(&world, Meanwhile::Nothing);
    let extract = FileReader::default();
    let tools = IngestionTools { fetch: &way, extract: &extract, index: &interrupted };
    for _ in 0..2 {
        for job in world.take_ingestions() {
            Box::pin(ingest(app, &tools, &job, &settings)).await.unwrap();
        }
    }
    assert_eq!(shown(&world, id).await["status"], "queued");
    worker.work().await;
    let ready = shown(&world, id).await;
    assert_eq!((&ready["status"], &ready["chunks"]), (&json!("ready"), &json!(1)));
}

#[tokio::test]
async fn a_text_that_is_lost_is_said_to_be_and_fetched_again() {
    let (world, pages) = (Arc::new(World::new().await), Pages::default());
    let root = pages.open().await;
    pages.set("/kayaks", "Kayaks cost ninety crowns.");
    let id = add(&world, json!({ "type": "url", "url": format!("{root}/kayaks") })).await;
    let worker = Worker::new(&world);
    worker.work().await;
    for object in objects(&world, "content") {
        world.edge.app.objects.delete(&object).await.unwrap();
    }
    // The next publish finds out.
    add(&world, json!({ "type": "raw", "text": "Saunas hold eleven guests." })).await;
    worker.work().await;
    let failed = shown(&world, id).await;
    assert_eq!(
        (&failed["status"], &failed["reason"]),
        (&json!("failed"), &json!("its text is gone; sync it again"))
    );
    resync(&world, id).await;
    worker.work().await;
    let ready = shown(&world, id).await;
    assert_eq!((&ready["status"], ready.get("reason")), (&json!("ready"), None));
    assert_eq!(worker.found("kayaks").await.len(), 1);
}

#[tokio::test]
async fn a_source_that_is_deleted_while_it_is_fetched_leaves_no_text() {
    let (world, pages) = (Arc::new(World::new().await), Pages::default());
    let root = pages.open().await;
    pages.set("/kayaks", "Kayaks cost ninety crowns.");
    let id = add(&world, json!({ "type": "url", "url": format!("{root}/kayaks") })).await;
    let worker = Worker { meanwhile: Meanwhile::Deletes(id), ..Worker::new(&world) };
    worker.work().await;
    assert_eq!(shown(&world, id).await, Value::Null);
    assert_eq!(objects(&world, "content"), Vec::<String>::new());
}

#[tokio::test]
async fn a_project_has_no_more_sources_than_can_be_read() {
    let world = Arc::new(World::new().await);
    let kept = add(&world, json!({ "type": "raw", "text": "Saunas hold eleven guests." })).await;
    world.count_sources(knowledge::MAX_SOURCES).await;
    let text = json!({ "type": "raw", "text": "Kayaks cost ninety crowns." });
    let page = json!({ "type": "url", "url": "http://127.0.0.1:9/kayaks" });
    for source in [&text, &page] {
        let (status, answer) = operate(&world, "POST", SOURCES, source).await;
        assert_eq!((status, &answer["code"]), (409, &json!("CONFLICT")), "{answer}");
    }
    let path = format!("{SOURCES}/{kept}");
    assert_eq!(operate(&world, "DELETE", &path, &Value::Null).await.0, 200);
    assert_eq!(operate(&world, "POST", SOURCES, &page).await.0, 201);
}
