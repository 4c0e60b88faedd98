//! Files that are made to break their reader, one after another: each fails alone, and with a reason.

use std::io::{Cursor, Write};
use std::time::Duration;

use aiva_adapters::extract::FileReader;
use aiva_core::knowledge::UnreadFile;
use aiva_core::ports::Extract;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde_json::Value;
use tokio::time::Instant;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::asked;
use crate::support::{Product, fresh_dir};

const SOURCES: &str = "/v1/projects/default/sources";
/// No file of these may take long: a whole one is read in between.
const PATIENCE: Duration = Duration::from_secs(60);
const PAGE: &str = "BT /F1 12 Tf 72 700 Td (The zebra warranty lasts 41 months.) Tj ET\n";
const FONT: &str =
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>";

fn stream(head: &str, content: &[u8]) -> Vec<u8> {
    let head = format!("<< {head} /Length {} >>\nstream\n", content.len());
    [head.as_bytes(), content, b"\nendstream"].concat()
}

/// A document of one page with this content, whose font is object 5; the others begin with number 6.
fn pdf(content: Vec<u8>, font: &str, others: Vec<Vec<u8>>) -> Vec<u8> {
    let plain = |object: &str| object.as_bytes().to_vec();
    let page = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R \
                /Resources << /Font << /F1 5 0 R >> /XObject << /X 6 0 R >> >> >>";
    let pages = "<< /Type /Pages /Kids [3 0 R] /Count 1 >>";
    let first = ["<< /Type /Catalog /Pages 2 0 R >>", pages, page].map(plain).to_vec();
    let objects = [first, vec![content, plain(font)], others].concat();
    let (mut file, mut places) = (b"%PDF-1.7\n".to_vec(), String::new());
    for (number, object) in objects.iter().enumerate() {
        places += &format!("{:010} 00000 n \n", file.len());
        let head = format!("{} 0 obj\n", number + 1);
        file.extend([head.as_bytes(), object, b"\nendobj\n"].concat());
    }
    let (table, size) = (file.len(), objects.len() + 1);
    let tail = format!(
        "xref\n0 {size}\n0000000000 65535 f \n{places}trailer\n<< /Size {size} /Root 1 0 R >>\n\
         startxref\n{table}\n%%EOF\n"
    );
    file.extend(tail.into_bytes());
    file
}

fn page() -> Vec<u8> {
    stream("", PAGE.as_bytes())
}

fn drawing(forms: Vec<Vec<u8>>) -> Vec<u8> {
    pdf(stream("", format!("{PAGE}/X Do\n").as_bytes()), FONT, forms)
}

fn form(draws: usize, times: usize) -> Vec<u8> {
    let head = format!("/Subtype /Form /Resources << /XObject << /X {draws} 0 R >> >>");
    stream(&head, "/X Do\n".repeat(times).as_bytes())
}

/// A page whose content is 300 MB of blanks, packed and written in letters.
fn packed_twice() -> Vec<u8> {
    let mut packer = ZlibEncoder::new(Vec::new(), Compression::fast());
    let blanks = vec![b' '; 1024 * 1024];
    (0..300).for_each(|_| packer.write_all(&blanks).unwrap());
    let packed = packer.finish().unwrap();
    let mut letters = Vec::new();
    for group in packed.chunks(4) {
        let mut whole = [0; 4];
        whole[..group.len()].copy_from_slice(group);
        let number = u32::from_be_bytes(whole);
        let digits = [4, 3, 2, 1, 0].map(|place| (number / 85_u32.pow(place) % 85) as u8 + b'!');
        letters.extend(&digits[..=group.len()]);
    }
    letters.extend(b"~>");
    pdf(stream("/Filter [/ASCII85Decode /FlateDecode]", &letters), FONT, Vec::new())
}

fn wide_map() -> Vec<u8> {
    let map = b"begincmap 1 beginbfrange <00000000> <FFFFFFFF> <00000041> endbfrange endcmap";
    pdf(page(), &FONT.replace(">>", "/ToUnicode 6 0 R >>"), vec![stream("", map)])
}

fn archive(name: &str, megabytes: usize) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_level(Some(1));
    writer.start_file(name, options).unwrap();
    let blanks = vec![b' '; 1024 * 1024];
    (0..megabytes).for_each(|_| writer.write_all(&blanks).unwrap());
    writer.finish().unwrap().into_inner()
}

fn hostile() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let circle = b"<< /Type /Page /Parent 6 0 R /Contents 4 0 R >>".to_vec();
    let circle = String::from_utf8(pdf(page(), FONT, vec![circle])).unwrap();
    let sealed = String::from_utf8(pdf(page(), FONT, Vec::new())).unwrap();
    let half = sealed.as_bytes()[..sealed.len() / 2].to_vec();
    let noise = (0..5_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    vec![
        ("itself.pdf", drawing(vec![form(6, 1)]), "without end"),
        (
            "laughs.pdf",
            drawing((0..10).map(|next| form(7 + next, 10)).chain([page()]).collect()),
            "draw more",
        ),
        ("circle.pdf", circle.replace("/Kids [3 0 R]", "/Kids [6 0 R]").into_bytes(), "circle"),
        ("packed.pdf", packed_twice(), "unpacks to more"),
        ("map.pdf", wide_map(), "maps more characters"),
        ("sealed.pdf", sealed.replace("/Root", "/Encrypt 9 0 R /Root").into_bytes(), "password"),
        ("half.pdf", half, "damaged"),
        ("scan.pdf", pdf(stream("", b"q Q"), FONT, Vec::new()), "pictures only"),
        ("bomb.docx", archive("word/document.xml", 300), "unpacks to more"),
        ("files.zip", archive("a.txt", 1), "unpack it and send its files"),
        ("noise.txt", noise, "neither a text nor"),
        ("old.docx", vec![0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1], "save it as docx"),
    ]
}

/// Uploads a file as a source of its own.
async fn upload(product: &Product, name: &str, bytes: Vec<u8>) -> String {
    let demo = product.runtime.demo();
    let head = format!(
        "--x\r\nContent-Disposition: form-data; name=\"type\"\r\n\r\nfile\r\n--x\r\n\
         Content-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n"
    );
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client
        .post(format!("{}{SOURCES}", demo.base_url))
        .header("authorization", format!("Bearer {}", demo.key))
        .header("content-type", "multipart/form-data; boundary=x")
        .body([head.as_bytes(), &bytes, b"\r\n--x--\r\n"].concat());
    let response = request.send().await.unwrap();
    let (status, text) = (response.status().as_u16(), response.text().await.unwrap());
    assert_eq!(status, 202, "{name}: {text}");
    let made: Value = serde_json::from_str(&text).unwrap();
    format!("{SOURCES}/{}", made["id"].as_str().unwrap())
}

/// The source when it is read, one way or the other.
async fn ended(product: &Product, one: &str) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let source = product.get(one).await.json();
        if source["status"] == "ready" || source["status"] == "failed" {
            return source;
        }
        assert!(Instant::now() < deadline, "{source}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_files_fail_with_a_reason_each_and_a_good_one_behind_them_answers() {
    let dir = fresh_dir();
    let product = Product::start(dir.path()).await;
    for (name, bytes, reason) in hostile() {
        let one = upload(&product, name, bytes).await;
        let source = ended(&product, &one).await;
        assert_eq!(source["status"], "failed", "{name}: {source}");
        assert!(source["reason"].as_str().unwrap().contains(reason), "{name}: {source}");
    }
    let one = upload(&product, "zebra.bin", pdf(page(), FONT, Vec::new())).await;
    let source = ended(&product, &one).await;
    assert_eq!(source["status"], "ready", "{source}");
    let reply = asked(&product, 1, "How long does the zebra warranty last?").await;
    assert!(reply["content"].as_str().unwrap().contains("41 months"), "{reply}");
    product.stop().await;
}

/// A page of characters, each of which its font looks up among very many ranges.
fn endless() -> Vec<u8> {
    let range = "1 begincidrange <FFFF> <FFFF> 1 endcidrange\n".repeat(20_000);
    let map = format!(
        "1 begincodespacerange <0000> <FFFF> endcodespacerange\n{range}\
         1 begincidrange <0000> <0001> 1 endcidrange\n"
    );
    let font = "<< /Type /Font /Subtype /Type0 /BaseFont /A /Encoding 6 0 R /DescendantFonts [<< \
                /FontDescriptor << >> >>] >>";
    let content = format!("BT /F1 12 Tf <{}> Tj ET", "0000".repeat(4_000_000));
    pdf(stream("", content.as_bytes()), font, vec![stream("", map.as_bytes())])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_does_not_end_is_ended_and_the_next_file_is_read() {
    let read = async |bytes: Vec<u8>, patience: Duration| {
        let reader = FileReader::new(patience, 256 * 1024 * 1024);
        let reader = reader.by(env!("CARGO_BIN_EXE_aiva-local").into());
        let file =
            |bytes| UnreadFile { bytes, name: "x".to_owned(), content_type: None, max_rows: None };
        let first = reader.extract(file(bytes)).await;
        let free = Instant::now();
        let next = reader.extract(file(pdf(page(), FONT, Vec::new()))).await;
        assert!(free.elapsed() < patience, "the desk was not free");
        (first, next)
    };
    let (first, next) = read(endless(), Duration::from_secs(8)).await;
    assert!(first.unwrap_err().reason.contains("too long"));
    assert_eq!(next.unwrap().parts[0].text, "The zebra warranty lasts 41 months.");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_cannot_be_started_is_no_fault_of_the_file() {
    let reader = FileReader::default().by("/nowhere/to/be/found".into());
    let file =
        |bytes| UnreadFile { bytes, name: "x".to_owned(), content_type: None, max_rows: None };
    let refused = reader.extract(file(pdf(page(), FONT, Vec::new()))).await.unwrap_err();
    assert!(refused.passing, "{refused}");
    let plain = reader.extract(file(b"We open at nine.".to_vec())).await.unwrap();
    assert_eq!(plain.parts[0].text, "We open at nine.");
}
