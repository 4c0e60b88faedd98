//! The documents: the books that are installed with the compiler.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use aiva_adapters::extract::FileReader;
use aiva_core::id::{Id, SourceId};
use aiva_core::knowledge::{Document, UnreadFile};
use aiva_core::ports::Extract;

use crate::{Question, Result};

/// A set of documents, with the questions that are asked of it.
#[derive(Debug)]
pub struct Corpus {
    /// What it is called.
    pub name: &'static str,
    /// Its pages, as an index takes them in.
    pub documents: Vec<Document>,
    /// What it is asked.
    pub questions: Vec<Question>,
}

impl Corpus {
    /// How many pages it has.
    pub fn pages(&self) -> usize {
        self.documents.iter().map(|document| document.source).collect::<HashSet<_>>().len()
    }
}

struct Book {
    name: &'static str,
    folder: &'static str,
    questions: &'static str,
}

const BOOKS: [Book; 3] = [
    Book {
        name: "The Rust Programming Language",
        folder: "book",
        questions: include_str!("../questions/book.jsonl"),
    },
    Book {
        name: "The Cargo Book",
        folder: "cargo",
        questions: include_str!("../questions/cargo.jsonl"),
    },
    Book {
        name: "The rustc Book",
        folder: "rustc",
        questions: include_str!("../questions/rustc.jsonl"),
    },
];

/// Folders of editions that were replaced.
const OLDER: [&str; 3] = ["first-edition/", "second-edition/", "2018-edition/"];

/// Reads the installed books. A question whose evidence does not stand in this edition of its book is
/// left out.
///
/// # Errors
/// When they are not installed, or a page cannot be read.
pub async fn books() -> Result<Vec<Corpus>> {
    let root = installed()?;
    let mut books = Vec::new();
    for book in BOOKS {
        let documents = pages(&root.join(book.folder)).await?;
        let mut questions = Question::read(book.questions)?;
        questions.retain(|question| stands(question, &documents));
        books.push(Corpus { name: book.name, documents, questions });
    }
    Ok(books)
}

fn installed() -> Result<PathBuf> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let answer = Command::new(rustc).args(["--print", "sysroot"]).output()?;
    let root = Path::new(String::from_utf8(answer.stdout)?.trim()).join("share/doc/rust/html");
    if root.join("book").is_dir() {
        return Ok(root);
    }
    let missing = root.display();
    Err(format!("{missing} is missing: run `rustup component add rust-docs`").into())
}

fn stands(question: &Question, documents: &[Document]) -> bool {
    let has =
        |document: &Document| question.is_answered_by(document.url.as_deref(), &document.text);
    !question.is_answerable() || documents.iter().any(has)
}

/// The pages of a book in the order of their paths. The whole book on one page, pages that only lead to
/// others, and what was replaced by a newer book are no pages of it.
async fn pages(folder: &Path) -> Result<Vec<Document>> {
    let mut paths = Vec::new();
    list(folder, &mut paths)?;
    paths.sort();
    let reader = FileReader::default();
    let mut documents = Vec::new();
    for (number, path) in paths.into_iter().enumerate() {
        let bytes = std::fs::read(&path)?;
        let is_page = bytes.windows(6).any(|window| window == b"<main>");
        let page = path.strip_prefix(folder)?.display().to_string();
        let is_whole_book = page.ends_with("print.html");
        let is_of_an_older_book = OLDER.iter().any(|folder| page.starts_with(folder));
        if !is_page || is_whole_book || is_of_an_older_book {
            continue;
        }
        let content_type = Some("text/html".to_owned());
        let file = UnreadFile { bytes, name: page.clone(), content_type, max_rows: None };
        let Ok(read) = reader.extract(file).await else { continue };
        let source = source(number)?;
        for part in read.parts {
            let title = part.title.or_else(|| read.title.clone()).unwrap_or_else(|| page.clone());
            let (text, layout) = (part.text, part.layout);
            documents.push(Document { source, title, url: Some(page.clone()), text, layout });
        }
    }
    Ok(documents)
}

fn list(folder: &Path, paths: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            list(&path, paths)?;
        } else if path.extension().is_some_and(|extension| extension == "html") {
            paths.push(path);
        }
    }
    Ok(())
}

fn source(number: usize) -> Result<SourceId> {
    // The last of the 26 digits has two bits.
    Id::from_bare(&format!("{number:025}0")).ok_or_else(|| "too many pages".into())
}
