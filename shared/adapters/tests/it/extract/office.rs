//! Documents and workbooks as programs really write them.

use super::{DOCX, archive, cell, read, text, workbook, workbook_with};

const KINDS: &str = r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="/main.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>"#;

fn named(target: &str) -> String {
    format!(
        r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" Target="docProps/core.xml"/><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="{target}"/></Relationships>"#
    )
}

#[tokio::test]
async fn a_document_is_found_where_its_archive_says_that_it_is() {
    for (target, part) in [("word/document2.xml", "word/document2.xml"), ("/main.xml", "main.xml")]
    {
        let rels = named(target);
        let file = archive(&[("[Content_Types].xml", KINDS), ("_rels/.rels", &rels), (part, DOCX)]);
        let read = text("x", file).await;
        assert!(read.contains("A mooring costs 40 crowns."), "{part}: {read}");
    }
    // A name that leads nowhere does not hide the usual one.
    let rels = named("word/gone.xml");
    let file = archive(&[("_rels/.rels", &rels), ("word/document.xml", DOCX)]);
    assert!(text("x", file).await.contains("40 crowns"));
}

#[tokio::test]
async fn a_hyphen_that_keeps_its_line_is_a_hyphen() {
    let line = "<w:p><w:r><w:t>Call 555</w:t><w:noBreakHyphen/><w:t>0199.</w:t></w:r></w:p>";
    let file = format!(r#"<w:document xmlns:w="x"><w:body>{line}</w:body></w:document>"#);
    assert_eq!(text("x", archive(&[("word/document.xml", &file)])).await, "Call 555-0199.");
}

#[tokio::test]
async fn a_sheet_that_is_a_chart_is_passed_over() {
    let rows = format!(
        r#"<row r="1">{}</row><row r="2">{}</row>"#,
        cell("A1", "part"),
        cell("A2", "SM-1")
    );
    let chart =
        r#"<chartsheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"/>"#;
    let sheet = r#"<sheet name="Chart" sheetId="2" r:id="rId2"/>"#;
    let rel = r#"<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/chartsheet" Target="chartsheets/sheet1.xml"/>"#;
    let book = workbook_with(&rows, (sheet, rel), &[("xl/chartsheets/sheet1.xml", chart)]);
    let read = read("x", book).await.unwrap();
    assert_eq!((read.parts.len(), read.parts[0].text.as_str()), (1, "part: SM-1\n\u{1e}"));
}

#[tokio::test]
async fn dates_of_a_workbook_are_dates() {
    let styles = r#"<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><numFmts count="1"><numFmt numFmtId="164" formatCode="[h]:mm"/></numFmts><cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/><xf numFmtId="164" applyNumberFormat="1"/></cellXfs></styleSheet>"#;
    let rel = r#"<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/>"#;
    let heads = [cell("A1", "contract"), cell("B1", "expiry"), cell("C1", "work")].concat();
    let values = r#"<c r="B2" s="1"><v>46387</v></c><c r="C2" s="2"><v>1.5</v></c>"#;
    let rows =
        format!(r#"<row r="1">{heads}</row><row r="2">{}{values}</row>"#, cell("A2", "Lease"));
    let book = workbook_with(&rows, ("", rel), &[("xl/styles.xml", styles)]);
    let read = text("x", book).await;
    assert_eq!(read, "contract: Lease\nexpiry: 2026-12-31\nwork: 36:00\n\u{1e}");
}

#[tokio::test]
async fn cells_and_columns_that_are_left_out_are_told() {
    let long = "filler words. ".repeat(700);
    let table = format!("id,policy\n1,\"{long}The last clause.\"\n");
    let told = read("long.csv", table.into_bytes()).await.unwrap().left_out;
    assert_eq!(told.as_deref(), Some("1 cells were cut after 8,000 characters"));
    let rows = format!(r#"<row r="1">{}{}</row>"#, cell("A1", "part"), cell("XFD1", "far"));
    let rows = format!(r#"{rows}<row r="2">{}</row>"#, cell("A2", "SM-1"));
    let told = read("x.xlsx", workbook(&rows)).await.unwrap().left_out;
    assert_eq!(told.as_deref(), Some("15884 columns after the first 500 were left out"));
}
