//! Files of every kind, honest and hostile.

use std::io::{Cursor, Write};
use std::time::Duration;

use aiva_adapters::extract::FileReader;
use aiva_core::knowledge::{Extracted, Layout, UnreadFile};
use aiva_core::ports::Extract;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

mod hostile;
mod office;

async fn read(name: &str, bytes: Vec<u8>) -> Result<Extracted, String> {
    let file = UnreadFile { bytes, name: name.to_owned(), content_type: None, max_rows: None };
    FileReader::default().extract(file).await.map_err(|unreadable| unreadable.reason)
}

/// Like [`read`], with a mebibyte to unpack.
async fn read_little(bytes: Vec<u8>) -> String {
    let reader = FileReader::new(Duration::from_secs(60), 1024 * 1024);
    let name = "x".to_owned();
    let file = UnreadFile { bytes, name, content_type: None, max_rows: None };
    reader.extract(file).await.unwrap_err().reason
}

async fn text(name: &str, bytes: Vec<u8>) -> String {
    let read = read(name, bytes).await.unwrap();
    read.parts.into_iter().map(|part| part.text).collect()
}

fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in files {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A document of so many pages, each with one line.
fn pdf(pages: usize, line: impl Fn(usize) -> String) -> Vec<u8> {
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!(
            "<< /Type /Pages /Count {pages} /Kids [{}] >>",
            (0..pages).map(|page| format!("{} 0 R ", 4 + page * 2)).collect::<String>()
        ),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
            .to_owned(),
    ];
    for page in 0..pages {
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {} 0 R \
             /Resources << /Font << /F1 3 0 R >> >> >>",
            5 + page * 2
        ));
        let stream = format!("BT /F1 12 Tf 72 720 Td ({}) Tj ET", line(page));
        objects.push(format!("<< /Length {} >>\nstream\n{stream}\nendstream", stream.len()));
    }
    document(&objects.into_iter().map(String::into_bytes).collect::<Vec<_>>())
}

/// A document of these objects; the first is its catalog.
fn document(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut file = b"%PDF-1.4\n".to_vec();
    let mut places = Vec::new();
    for (number, object) in objects.iter().enumerate() {
        places.push(file.len());
        let (head, tail) = (format!("{} 0 obj\n", number + 1), "\nendobj\n".as_bytes());
        file.extend([head.as_bytes(), object, tail].concat());
    }
    let table = file.len();
    file.extend(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).into_bytes());
    for place in &places {
        file.extend(format!("{place:010} 00000 n \n").into_bytes());
    }
    let size = objects.len() + 1;
    let end = format!("trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n");
    file.extend(end.into_bytes());
    file
}

const DOCX: &str = r#"<?xml version="1.0"?><w:document xmlns:w="x"><w:body>
<w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr><w:r><w:t>Moorings &amp; fees</w:t></w:r></w:p>
<w:p><w:r><w:t xml:space="preserve">A mooring costs </w:t></w:r><w:r><w:t>40 crowns.</w:t></w:r></w:p>
<w:p><w:pPr><w:numPr/></w:pPr><w:r><w:t>Pay at the desk</w:t></w:r></w:p>
<w:tbl><w:tr><w:tc><w:p><w:r><w:t>Size</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>Fee</w:t></w:r></w:p></w:tc></w:tr></w:tbl>
</w:body></w:document>"#;

fn cell(at: &str, text: &str) -> String {
    format!(r#"<c r="{at}" t="inlineStr"><is><t>{text}</t></is></c>"#)
}

fn price_list() -> Vec<u8> {
    let rows = [
        format!(r#"<row r="1">{}{}</row>"#, cell("A1", "part"), cell("B1", "price")),
        format!(r#"<row r="2">{}{}</row>"#, cell("A2", "SM-2210"), cell("B2", "24")),
    ];
    workbook(&rows.concat())
}

fn workbook(rows: &str) -> Vec<u8> {
    workbook_with(rows, ("", ""), &[])
}

/// A workbook with one sheet more, of this name and relation, and with these files.
fn workbook_with(rows: &str, (sheet, rel): (&str, &str), files: &[(&str, &str)]) -> Vec<u8> {
    let rels = |target: &str, kind: &str, more: &str| {
        format!(
            r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}" Target="{target}"/>{more}</Relationships>"#
        )
    };
    let book = format!(
        r#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Parts" sheetId="1" r:id="rId1"/>{sheet}</sheets></workbook>"#
    );
    let sheet = format!(
        r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{rows}</sheetData></worksheet>"#
    );
    let types = r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>"#;
    let (whole, own) = (
        rels("xl/workbook.xml", "officeDocument", ""),
        rels("worksheets/sheet1.xml", "worksheet", rel),
    );
    let usual = [
        ("[Content_Types].xml", types),
        ("_rels/.rels", whole.as_str()),
        ("xl/workbook.xml", book.as_str()),
        ("xl/_rels/workbook.xml.rels", own.as_str()),
        ("xl/worksheets/sheet1.xml", sheet.as_str()),
    ];
    archive(&[&usual, files].concat())
}

#[tokio::test]
async fn each_kind_of_file_is_told_by_its_content_whatever_its_name() {
    let document = archive(&[("word/document.xml", DOCX)]);
    let word = text("notes.xlsx", document).await;
    assert!(
        word.starts_with("# Moorings & fees\n\nA mooring costs 40 crowns.\n\n- Pay at the desk\n"),
        "{word}"
    );
    assert!(word.contains("Size | Fee"), "{word}");
    let sheet = read("x.txt", price_list()).await.unwrap();
    assert_eq!(sheet.parts[0].layout, Layout::Records);
    assert_eq!(sheet.parts[0].title.as_deref(), Some("Parts"));
    assert_eq!(sheet.parts[0].text, "part: SM-2210\nprice: 24\n\u{1e}");
    let page =
        text("a.csv", b"<!DOCTYPE html><html><body><p>Hello there</p></body></html>".to_vec())
            .await;
    assert_eq!(page, "Hello there");
    let table = read("a.md", b"sku,price\nA-1,4\nA-2,5\nA-3,6\n".to_vec()).await.unwrap();
    assert_eq!(table.parts[0].layout, Layout::Records);
    let prose = read("a.html", b"# Hours\n\nWe open at nine.".to_vec()).await.unwrap();
    assert_eq!(
        (prose.parts[0].layout, prose.parts[0].text.as_str()),
        (Layout::Prose, "# Hours\n\nWe open at nine.")
    );
}

#[tokio::test]
async fn a_document_of_three_hundred_pages_is_read_to_its_last() {
    let read = text("x", pdf(300, |page| format!("Clause {page} binds the harbour master"))).await;
    assert!(read.contains("Clause 0 binds") && read.contains("Clause 299 binds"), "{}", read.len());
}

#[tokio::test]
async fn a_page_of_five_megabytes_is_read() {
    let rows: String = (0..64_000)
        .map(|row| {
            format!(
                "<p>Paragraph {row} tells of the harbour and its many boats, as all of them do.</p>"
            )
        })
        .collect();
    let page = format!("<html><head><title>Long</title></head><body>{rows}</body></html>");
    assert!(page.len() > 5_000_000);
    let read = text("x", page.into_bytes()).await;
    assert!(read.contains("Paragraph 63999 tells"));
}

#[tokio::test]
async fn what_cannot_be_read_says_why() {
    let mut protected = pdf(1, |_| "secret".to_owned());
    let at = protected.windows(7).position(|window| window == b"/Root 1").unwrap();
    protected.splice(at..at, b"/Encrypt 9 0 R ".to_vec());
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (Vec::new(), "empty"),
        (protected, "password"),
        (pdf(1, |_| String::new()), "pictures only"),
        (b"%PDF-1.7 and then nothing".to_vec(), "damaged"),
        (b"PK\x03\x04 no archive".to_vec(), "damaged"),
        (archive(&[("a.txt", "text")]), "unpack it"),
        (archive(&[("word/document.xml", "<w:document><w:body></w:p>")]), "damaged"),
        (vec![0xd0, 0xcf, 0x11, 0xe0, 0xa1], "save it as docx"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(), "neither a text nor"),
    ];
    for (bytes, reason) in cases {
        let refused = read("file.txt", bytes).await.unwrap_err();
        assert!(refused.contains(reason), "{reason}: {refused}");
    }
}

#[tokio::test]
async fn where_a_table_is_wanted_its_rows_are_counted_and_nothing_else_is_taken() {
    let rows = async |bytes: Vec<u8>| {
        let (name, max_rows) = ("products.csv".to_owned(), Some(1));
        let file = UnreadFile { bytes, name, content_type: None, max_rows };
        FileReader::default()
            .extract(file)
            .await
            .map(|read| read.rows)
            .map_err(|error| error.reason)
    };
    assert_eq!(rows(b"sku,price\nA-1,4\nA-2,5\n".to_vec()).await, Ok(Some(1)));
    assert_eq!(rows(price_list()).await, Ok(Some(1)));
    let word = archive(&[("word/document.xml", "<w:document><w:body></w:body></w:document>")]);
    let page = b"<!doctype html><html><body>a,b</body></html>".to_vec();
    for (bytes, what) in
        [(pdf(1, |_| "text".to_owned()), "a PDF"), (word, "a Word"), (page, "a page")]
    {
        let refused = rows(bytes).await.unwrap_err();
        assert!(refused.contains(what) && refused.contains("not a table"), "{refused}");
    }
}

#[tokio::test]
async fn an_archive_that_unpacks_beyond_its_bound_is_refused_before_it_is_read() {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file("word/document.xml", SimpleFileOptions::default()).unwrap();
    let zeros = vec![b' '; 64 * 1024];
    for _ in 0..20 {
        writer.write_all(&zeros).unwrap();
    }
    let bomb = writer.finish().unwrap().into_inner();
    assert!(bomb.len() < 64 * 1024);
    assert!(read_little(bomb).await.contains("unpacks to more"));
}

#[tokio::test]
async fn two_cells_at_the_far_ends_of_a_sheet_are_two_cells() {
    let rows = [
        format!(r#"<row r="1">{}{}</row>"#, cell("A1", "part"), cell("XFD1", "far")),
        format!(r#"<row r="1048576">{}</row>"#, cell("A1048576", "SM-2210")),
    ];
    let text = text("parts.xlsx", workbook(&rows.concat())).await;
    assert_eq!(text, "part: SM-2210\n\u{1e}");
}

#[tokio::test]
async fn a_document_whose_streams_unpack_beyond_their_bound_is_refused() {
    let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    let zeros = vec![b' '; 64 * 1024];
    for _ in 0..20 {
        packer.write_all(&zeros).unwrap();
    }
    let packed = packer.finish().unwrap();
    let mut file = b"%PDF-1.4\n1 0 obj\n<< /Filter /FlateDecode >>\nstream\n".to_vec();
    file.extend(&packed);
    file.extend(b"\nendstream\nendobj\n");
    assert!(read_little(file).await.contains("unpacks to more"));
}

#[tokio::test]
async fn a_file_that_takes_too_long_is_given_up() {
    let reader = FileReader::new(Duration::from_nanos(1), u64::MAX);
    let bytes = pdf(300, |page| format!("Clause {page}"));
    let file = UnreadFile { bytes, name: "x".to_owned(), content_type: None, max_rows: None };
    assert!(reader.extract(file).await.unwrap_err().reason.contains("too long"));
}
