//! Pages: the readable part of them, as Markdown.

use aiva_core::knowledge::{Extracted, Unreadable};
use dom_smoothie::{Config, Readability, TextMode};

use super::{prose, refused};

/// Elements of one page at most.
const MAX_ELEMENTS: usize = 200_000;
/// Links of one page at most.
const MAX_LINKS: usize = 2_000;
/// The readable part must have this share of the page's text, in per cent, or all of it is taken.
const MIN_SHARE: usize = 35;
/// What is never part of what a page says.
const ASIDE: &str =
    "script, style, noscript, template, iframe, nav, header, footer, form, svg, button";

/// Whether a text is a page.
pub(super) fn is_html(text: &str, content_type: Option<&str>) -> bool {
    let start = &text[..text.floor_char_boundary(2_048)];
    let start = start.trim_start().to_ascii_lowercase();
    let declared = content_type.is_some_and(|kind| kind.to_ascii_lowercase().contains("html"));
    let has_root = start.contains("<html") || start.contains("<body") || start.contains("<head>");
    start.starts_with("<!doctype html")
        || start.starts_with('<') && has_root
        || declared && start.contains('<')
}

/// Reads a page.
pub(super) fn read(text: &str) -> Result<Extracted, Unreadable> {
    let config = Config {
        text_mode: TextMode::Markdown,
        max_elements_to_parse: MAX_ELEMENTS,
        ..Config::default()
    };
    let page = || Readability::new(text, None, Some(config.clone()));
    let mut readable = page().map_err(|_| refused("it cannot be read as a page"))?;
    let links: Vec<String> = {
        let anchors = readable.doc.select("a[href]");
        let targets = anchors.iter().filter_map(|anchor| anchor.attr("href"));
        targets.take(MAX_LINKS).map(|target| target.to_string()).collect()
    };
    let title = readable.doc.select_single("title").text().trim().to_owned();
    let article = readable.parse().map_err(|error| match error {
        dom_smoothie::ReadabilityError::TooManyElements(_, _) => {
            Some(refused("it has more than 200,000 elements; split it"))
        }
        _ => None,
    });
    let (title, readable_text) = match article {
        Ok(article) => {
            let shorter = article.title.trim().to_owned();
            (if shorter.is_empty() { title } else { shorter }, article.text_content.to_string())
        }
        Err(Some(refusal)) => return Err(refusal),
        Err(None) => (title, String::new()),
    };
    let rest = page().map_err(|_| refused("it cannot be read as a page"))?.doc;
    rest.select(ASIDE).remove();
    let all = rest.select("body").text().split_whitespace().map(str::len).sum::<usize>();
    let taken = readable_text.split_whitespace().map(str::len).sum::<usize>();
    let text =
        if taken * 100 < all * MIN_SHARE { rest.md(None).to_string() } else { readable_text };
    let title = Some(title).filter(|title| !title.is_empty());
    Ok(Extracted { links, ..prose(title, tidy(&text)) })
}

/// Without the backslashes that Markdown needs and a reader does not, and without long gaps.
fn tidy(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    let mut newlines = 0;
    while let Some(character) = characters.next() {
        let escapes = character == '\\'
            && characters.peek().is_some_and(|next| next.is_ascii_punctuation() && *next != '\\');
        if escapes {
            continue;
        }
        newlines = if character == '\n' { newlines + 1 } else { 0 };
        if newlines <= 2 {
            tidy.push(character);
        }
    }
    tidy.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "<!doctype html><html><head><title>Returns | Shop</title><style>a{}</style></head>
<body><nav><a href='/home'>Home</a><a href='/cart'>Cart</a></nav><main><article><h1>Returns</h1>
<p>You can return any unused item within thirty days of delivery for a full refund of the price.</p>
<h2>Who pays</h2><p>Return shipping is free within Germany; from other countries the customer pays.</p>
<ul><li>Cut fabrics stay</li><li>Vouchers stay</li></ul><script>steal()</script>
<p>Write to <a href='/help'>the help desk</a> and wait for an answer before you send anything.</p>
</article></main><footer>Imprint and cookies</footer></body></html>";

    #[test]
    fn a_page_is_read_without_what_stands_around_it() {
        assert!(is_html(PAGE, None));
        let read = read(PAGE).unwrap();
        let text = &read.parts[0].text;
        assert!(text.contains("within thirty days") && text.contains("## Who pays"), "{text}");
        assert!(text.contains("Cut fabrics stay"), "{text}");
        for noise in ["steal", "Imprint", "Cart", "a{}"] {
            assert!(!text.contains(noise), "{text}");
        }
        assert!(read.title.unwrap().starts_with("Returns"));
        assert_eq!(read.links, ["/home", "/cart", "/help"]);
    }

    #[test]
    fn a_text_about_pages_is_no_page() {
        assert!(!is_html("Use the <html> tag first. Then write.", None));
        assert!(!is_html("a < b", Some("text/plain")));
        assert!(is_html("<p>short</p>", Some("text/html; charset=utf-8")));
    }
}
