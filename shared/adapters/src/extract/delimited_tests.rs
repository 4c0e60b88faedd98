use super::*;

fn parted(text: &str, hinted: bool) -> Option<char> {
    layout(text, hinted).map(|layout| layout.delimiter.into())
}

/// The records of a table whose name says that it is one, one a line.
fn records(text: &str) -> Vec<String> {
    let read = read(text, layout(text, true).unwrap(), None).unwrap();
    let records = read.parts[0].text.split_terminator('\u{1e}');
    records.map(|record| record.trim().replace('\n', "|")).collect()
}

#[test]
fn a_table_is_told_from_prose_by_its_content() {
    assert_eq!(parted("sku,price\nA-1,4\nA-2,5\nA-3,6\n", false), Some(','));
    assert_eq!(parted("sku;price\nA-1;4,50\nA-2;5,50\n", false), Some(';'));
    let prose = "Dear all, we open, at nine.\nThen, we close, at six.\nSo, it is, good.\n";
    assert_eq!(parted(prose, false), None);
    assert_eq!(parted("# Title\n\nOne line.\n", false), None);
    assert_eq!(parted("name\nAnna\n", true), Some(','));
    assert_eq!(parted("", true), Some(','));
}

#[test]
fn each_row_is_a_record_and_the_rows_over_the_limit_are_counted() {
    let text = "sku,price,\nA-1,4,x\n,,\nA-2,5\nA-3,6\n";
    let read = read(text, layout(text, true).unwrap(), Some(2)).unwrap();
    let text = &read.parts[0].text;
    assert_eq!(text, "sku: A-1\nprice: 4\nx\n\u{1e}sku: A-2\nprice: 5\n\u{1e}");
    assert_eq!(read.left_out.unwrap(), "1 rows over the limit were left out");
    assert_eq!(read.rows, Some(2));
}

#[test]
fn rows_of_different_widths_are_parted_where_most_cells_are() {
    let ragged = "sku;name;price\nR-1;Nest;12,50;\nR-2;Net;13,75;;\nR-3;Nut;14,25;x\n";
    assert_eq!(
        records(ragged),
        [
            "sku: R-1|name: Nest|price: 12,50",
            "sku: R-2|name: Net|price: 13,75",
            "sku: R-3|name: Nut|price: 14,25|x"
        ]
    );
    let tabs = "sku\tname\tprice\nR-1\tNest\t12,50\t\nR-2\tNet\t13,75\nR-3\tNut, big\t14,25\tx\n";
    assert_eq!(records(tabs)[2], "sku: R-3|name: Nut, big|price: 14,25|x");
    // Two decimal commas a row are no columns where the header has none.
    assert_eq!(parted("pos;size\na;1,2,3\nb;1,2,3\nc;1,2,3\nd;1,2,3\n", true), Some(';'));
}

#[test]
fn what_stands_above_a_table_is_its_title_and_no_header() {
    let text = "Price list 2026;;\n\nsku;name;price\nT-1;Wool;12,50\nT-2;Wok;3,75\n";
    assert_eq!(
        records(text),
        ["sku: T-1|name: Wool|price: 12,50", "sku: T-2|name: Wok|price: 3,75"]
    );
    let read = read(text, layout(text, true).unwrap(), None).unwrap();
    assert_eq!(read.parts[0].title.as_deref(), Some("Price list 2026"));
}

#[test]
fn a_first_line_that_names_the_delimiter_is_obeyed_and_is_no_row() {
    let rows = "sku;name\nS-1;Dish, deep\n";
    for line in ["sep=;\n", "SEP=;\r\n", "\"sep=;\"\n"] {
        assert_eq!(records(&format!("{line}{rows}")), ["sku: S-1|name: Dish, deep"], "{line}");
    }
    assert_eq!(records("sep=|\na|b\n1|2\n"), ["a: 1|b: 2"]);
    assert_eq!(parted("sep=\t\na\tb\n1\t2\n", true), Some('\t'));
    assert_eq!(parted("sep=,\n", false), Some(','));
    assert_eq!(parted("sépa\n", true), Some(','));
}

#[test]
fn a_quotation_mark_that_never_closes_swallows_nothing() {
    let rows: String = (3..2_000).map(|row| format!("Q-{row},Thing {row},{row}\n")).collect();
    let read =
        records(&format!("sku,name,price\nQ-1,\"Band,12\nQ-2,\"Bib, \"\"big\"\"\",13\n{rows}"));
    assert_eq!(read.len(), 1_999);
    assert_eq!(read[0], "sku: Q-1|name: Band|price: 12");
    assert_eq!(read[1], "sku: Q-2|name: Bib, \"big\"|price: 13");
    assert_eq!(read[1_998], "sku: Q-1999|name: Thing 1999|price: 1999");
}

#[test]
fn honest_quotation_marks_stay_what_they_are() {
    let honest = "a,b\n\"x, y\" ,\"two\nlines\"\n\"\",5\" pipe\n\"He said \"\"no\"\"\",\"z\"";
    assert!(matches!(mended(honest, b','), Cow::Borrowed(_)));
    assert_eq!(mended("a,\"2\" pipe\",c\n", b','), "a,2\" pipe\",c\n");
    let many = "\"a\n".repeat(40_000) + "b";
    assert!(!mended(&many, b',').contains('"'));
}
