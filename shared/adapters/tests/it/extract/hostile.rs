//! Documents that are made to keep their reader busy, or to break it.

use std::io::Write;

use super::{document, pdf, read, read_little, text};

const PAGE: &str = "BT /F1 12 Tf 72 700 Td (The zebra warranty lasts 41 months.) Tj ET\n";
const FONT: &str =
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>";

fn stream(head: &str, content: &[u8]) -> Vec<u8> {
    let head = format!("<< {head} /Length {} >>\nstream\n", content.len());
    [head.as_bytes(), content, b"\nendstream"].concat()
}

/// A document of one page with this content. Its font is object 5, and these objects begin with number 6, which
/// is drawn under the name X.
fn page(content: Vec<u8>, font: &str, others: Vec<Vec<u8>>) -> Vec<u8> {
    let plain = |object: &str| object.as_bytes().to_vec();
    let mut objects = vec![
        plain("<< /Type /Catalog /Pages 2 0 R >>"),
        plain("<< /Type /Pages /Kids [3 0 R] /Count 1 >>"),
        plain(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R \
             /Resources << /Font << /F1 5 0 R >> /XObject << /X 6 0 R >> >> >>",
        ),
        content,
        plain(font),
    ];
    objects.extend(others);
    document(&objects)
}

fn drawing(forms: Vec<Vec<u8>>) -> Vec<u8> {
    page(stream("", format!("{PAGE}/X Do\n").as_bytes()), FONT, forms)
}

/// A form that draws another so many times.
fn form(draws: usize, times: usize) -> Vec<u8> {
    let head = format!(
        "/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X {draws} 0 R >> >>"
    );
    stream(&head, "/X Do\n".repeat(times).as_bytes())
}

fn written_form() -> Vec<u8> {
    let head = "/Subtype /Form /BBox [0 0 9 9] /Resources << /Font << /F1 5 0 R >> >>";
    stream(head, b"BT /F1 12 Tf 72 600 Td (It is drawn.) Tj ET")
}

#[tokio::test]
async fn a_form_that_draws_itself_is_refused_and_the_process_goes_on() {
    let refused = read("x", drawing(vec![form(6, 1)])).await.unwrap_err();
    assert!(refused.contains("without end"), "{refused}");
    let refused = read("x", drawing(vec![form(7, 1), form(6, 1)])).await.unwrap_err();
    assert!(refused.contains("without end"), "{refused}");
    // Without resources of its own, a form has those of its page.
    let bare = stream("/Subtype /Form /BBox [0 0 9 9]", b"/X Do");
    let refused = read("x", drawing(vec![bare])).await.unwrap_err();
    assert!(refused.contains("without end"), "{refused}");
    let deep = (0..40).map(|next| form(7 + next, 1)).chain([written_form()]).collect();
    let refused = read("x", drawing(deep)).await.unwrap_err();
    assert!(refused.contains("without end"), "{refused}");
}

#[tokio::test]
async fn forms_that_draw_each_other_ten_billion_times_are_refused() {
    let forms = (0..10).map(|next| form(7 + next, 10)).chain([written_form()]).collect();
    let refused = read("x", drawing(forms)).await.unwrap_err();
    assert!(refused.contains("draw more than can be read"), "{refused}");
    let honest = (0..2).map(|next| form(7 + next, 10)).chain([written_form()]).collect();
    let drawn = text("x", drawing(honest)).await;
    assert_eq!(drawn.matches("It is drawn.").count(), 100, "{drawn}");
}

#[tokio::test]
async fn pages_that_stand_in_a_circle_are_refused() {
    let own = "<< /Type /Page /Parent 3 0 R /Contents 4 0 R >>";
    let objects = ["<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] >>", own];
    let objects = objects.map(|object| object.as_bytes().to_vec()).to_vec();
    let file = document(&[objects, vec![stream("", PAGE.as_bytes())]].concat());
    let refused = read("x", file).await.unwrap_err();
    assert!(refused.contains("circle"), "{refused}");
}

#[tokio::test]
async fn streams_are_counted_through_all_their_filters() {
    let zeros = vec![b' '; 2 * 1024 * 1024];
    let mut deflated = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    deflated.write_all(&zeros).unwrap();
    let deflated = deflated.finish().unwrap();
    let mut wound = weezl::encode::Encoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8);
    let wound = wound.encode(&zeros).unwrap();
    let chains = [
        ("[/ASCII85Decode /FlateDecode]", in_ascii(&deflated)),
        ("/LZWDecode", wound.clone()),
        ("[/ASCII85Decode /LZWDecode]", in_ascii(&wound)),
    ];
    for (filter, packed) in chains {
        let file = page(stream(&format!("/Filter {filter}"), &packed), FONT, Vec::new());
        let refused = read_little(file).await;
        assert!(refused.contains("unpacks to more"), "{filter}: {refused}");
    }
    let rows = "/Filter /LZWDecode /DecodeParms << /Predictor 12 /Columns 9999999999999 >>";
    let refused = read("x", page(stream(rows, &wound), FONT, Vec::new())).await.unwrap_err();
    assert!(refused.contains("unpacks to more"), "{refused}");

    let mut packed = weezl::encode::Encoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8);
    let packed = in_ascii(&packed.encode(PAGE.as_bytes()).unwrap());
    let file = page(stream("/Filter [/ASCII85Decode /LZWDecode]", &packed), FONT, Vec::new());
    assert_eq!(text("x", file).await, "The zebra warranty lasts 41 months.");
}

fn in_ascii(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    for group in bytes.chunks(4) {
        let mut whole = [0; 4];
        whole[..group.len()].copy_from_slice(group);
        let mut number = u32::from_be_bytes(whole);
        let mut digits = [0; 5];
        for digit in digits.iter_mut().rev() {
            *digit = b'!' + u8::try_from(number % 85).unwrap();
            number /= 85;
        }
        text.extend(&digits[..=group.len()]);
    }
    text.extend(b"~>");
    text
}

#[tokio::test]
async fn a_font_that_maps_four_billion_characters_is_refused_and_an_honest_one_read() {
    let font = FONT.replace(">>", "/ToUnicode 6 0 R >>");
    let mapped = |range: &str| {
        let map = format!("begincmap 1 beginbfrange {range} endbfrange endcmap");
        page(stream("", PAGE.as_bytes()), &font, vec![stream("", map.as_bytes())])
    };
    let refused = read("x", mapped("<00000000> <FFFFFFFF> <00000041>")).await.unwrap_err();
    assert!(refused.contains("maps more characters"), "{refused}");
    let read = text("x", mapped("<54> <54> <0053>")).await;
    assert_eq!(read, "She zebra warranty lasts 41 months.");
}

#[tokio::test]
async fn a_picture_in_a_page_does_not_spoil_its_text() {
    let head = "/Type /XObject /Subtype /Image /Width 2 /Height 2 /Filter /DCTDecode";
    let picture = stream(head, b"\xff\xd8\xff\xe0 ) >> /X Do ( junk \xff\xd9");
    assert_eq!(text("x", drawing(vec![picture])).await, "The zebra warranty lasts 41 months.");
}

#[tokio::test]
async fn a_text_about_pdfs_is_a_text() {
    let about = "# Formats\n\nA PDF begins with %PDF-1.7. The okapi export costs 19 euros.\n";
    assert_eq!(text("about.md", about.as_bytes().to_vec()).await, about);
    let late = [b"\xef\xbb\xbf\r\n".to_vec(), pdf(1, |_| "Late but whole".to_owned())].concat();
    assert_eq!(text("x", late).await, "Late but whole");
}
