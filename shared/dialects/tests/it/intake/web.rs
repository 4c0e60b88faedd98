//! Sources that are fetched: pages that fail for a while, long lists, repositories.

use super::*;

fn html(text: &str, links: &[&str]) -> String {
    let links: String = links.iter().map(|link| format!("<a href='{link}'>more</a> ")).collect();
    format!(
        "<!doctype html><html><head><title>Guide</title></head><body><article><h1>Guide</h1>\
         <p>{text}</p><p>Everything else is told at the desk, every day of the year, and in four \
         languages that are spoken here.</p>{links}</article></body></html>"
    )
}

#[tokio::test]
async fn a_page_that_fails_for_the_moment_stands_as_it_was_and_so_does_what_it_led_to() {
    let (world, pages) = (Arc::new(World::new().await), Pages::default());
    let root = pages.open().await;
    pages.set("/g/a", html("Kayaks cost ninety crowns.", &["/g/b", "/g/c"]));
    pages.set("/g/b", html("Saunas hold eleven guests.", &["/g/d"]));
    pages.set("/g/c", html("Lanterns burn for hours.", &[]));
    pages.set("/g/d", html("Anchors weigh forty pounds.", &[]));
    let crawl = json!({ "type": "url", "url": format!("{root}/g/a"), "crawl": { "maxPages": 9 } });
    let (id, worker) = (add(&world, crawl).await, Worker::new(&world));
    worker.work().await;
    let texts = async || {
        let mut texts = Vec::new();
        for word in ["kayaks", "saunas", "lanterns", "anchors"] {
            texts.push(!worker.found(word).await.is_empty());
        }
        texts
    };
    assert_eq!(texts().await, [true; 4]);

    // The one that is gone for good goes; the one that is away stays, with what it led to.
    pages.set("/g/b", "503");
    pages.set("/g/c", "404");
    pages.set("/g/a", html("Kayaks cost eighty crowns.", &["/g/b", "/g/c"]));
    resync(&world, id).await;
    worker.work().await;
    assert_eq!(texts().await, [true, true, false, true]);
    let source = shown(&world, id).await;
    assert_eq!(source["status"], "ready");
    assert_eq!(source["reason"], "1 page was left out, 2 pages could not be read again");
    assert!(worker.found("kayaks").await[0].text.contains("eighty"));
}

#[tokio::test]
async fn only_pages_within_the_prefix_count_as_left_out_and_each_once() {
    let (world, pages) = (Arc::new(World::new().await), Pages::default());
    let root = pages.open().await;
    let links = ["/g/b", "/g/c", "/g/c", "/elsewhere", "/g/a", "/g/b#part"];
    pages.set("/g/a", html("Kayaks cost ninety crowns.", &links));
    let crawl = json!({ "type": "url", "url": format!("{root}/g/a"), "crawl": { "maxPages": 1 } });
    let (id, worker) = (add(&world, crawl).await, Worker::new(&world));
    worker.work().await;
    assert_eq!(shown(&world, id).await["reason"], "2 pages were left out");
}

#[tokio::test]
async fn of_a_sitemap_that_is_too_long_the_beginning_is_read() {
    let (world, pages) = (Arc::new(World::new().await), Pages::default());
    let root = pages.open().await;
    let entry = |number: u32| format!("<url><loc>{root}/g/{number}</loc></url>");
    let sitemap: String = (0..20_000).map(entry).collect();
    assert!(sitemap.len() > 512 * 1024);
    pages.set("/sitemap.xml", format!("<urlset>{sitemap}</urlset>"));
    pages.set("/g/0", html("Kayaks cost ninety crowns.", &[]));
    pages.set("/g/1", html("Saunas hold eleven guests.", &[]));
    let crawl = json!({ "maxPages": 2, "sitemap": format!("{root}/sitemap.xml") });
    let source = json!({ "type": "url", "url": format!("{root}/g/0"), "crawl": crawl });
    let (id, worker) = (add(&world, source).await, Worker::new(&world));
    worker.work().await;
    let source = shown(&world, id).await;
    assert_eq!(source["status"], "ready", "{source}");
    let reason = source["reason"].as_str().unwrap();
    assert!(
        reason.ends_with("the sitemap is larger than 512 KB: its beginning was read"),
        "{reason}"
    );
    assert!(!worker.found("saunas").await.is_empty());
}

#[tokio::test]
async fn a_repository_that_was_not_read_to_its_end_is_gone_on_with_and_loses_nothing() {
    let pages = Pages::default();
    let root = pages.open().await;
    let world = Arc::new(World::reading_github(&root).await);
    let entry = |path: &str| json!({ "path": path, "type": "blob", "size": 9 });
    let files = ["a.md", "b.md", "c.md"].map(entry);
    let tree = json!({ "sha": "one", "tree": files });
    pages.set("/repos/acme/docs", json!({ "default_branch": "main" }).to_string());
    pages.set("/repos/acme/docs/git/trees/main", tree.to_string());
    for (name, text) in [("a", "Kayaks."), ("b", "Saunas."), ("c", "Lanterns.")] {
        pages.set(&format!("/repos/acme/docs/contents/{name}.md"), text);
    }
    let id = add(&world, json!({ "type": "github", "repository": "acme/docs" })).await;
    // Each answer takes 200 of its 600 seconds: two for the lists, one for a file.
    let slow = Worker { meanwhile: Meanwhile::Passes(200), ..Worker::new(&world) };
    slow.work().await;
    let left_out = |source: &Value| source["reason"].as_str().map(str::to_owned);
    assert_eq!(left_out(&shown(&world, id).await).unwrap(), "2 files were left out");
    resync(&world, id).await;
    slow.work().await;
    let reason = left_out(&shown(&world, id).await).unwrap();
    assert_eq!(reason, "1 file was left out, 1 file could not be read again");
    let worker = Worker::new(&world);
    resync(&world, id).await;
    worker.work().await;
    assert_eq!(left_out(&shown(&world, id).await), None);
    for word in ["kayaks", "saunas", "lanterns"] {
        assert_eq!(worker.found(word).await.len(), 1, "{word}");
    }
    // What was read to its end is known by its name.
    pages.set("/repos/acme/docs/contents/a.md", "Canoes.");
    resync(&world, id).await;
    worker.work().await;
    assert!(worker.found("canoes").await.is_empty());
}

#[tokio::test]
async fn a_reason_tells_the_bound_that_was_met() {
    let pages = Pages::default();
    let root = pages.open().await;
    let world = Arc::new(World::reading_github(&root).await);
    pages.set("/repos/acme/docs", json!({ "default_branch": "main" }).to_string());
    pages.set("/repos/acme/docs/git/trees/main", " ".repeat(11 * 1024 * 1024));
    let id = add(&world, json!({ "type": "github", "repository": "acme/docs" })).await;
    Worker::new(&world).work().await;
    let source = shown(&world, id).await;
    assert_eq!(source["reason"], "the list of its files: it is larger than 10 MB");
}
