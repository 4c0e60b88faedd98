use super::*;

fn scrub(text: &str) -> String {
    scrubbed(text, &Known::default()).into_owned()
}

#[test]
fn addresses_and_numbers_go_wherever_they_stand() {
    for (text, expected) in [
        ("mail jane.doe+x@mail.example.com now", "mail [redacted] now"),
        ("<a@b.example>", "<[redacted]>"),
        ("call +1 (555) 123-4567 or 020 7946 0018!", "call [redacted] or [redacted]!"),
        ("+15551234567", "[redacted]"),
        ("٠١٢٣٤٥٦٧٨", "[redacted]"),
        ("ünï@exämple.org, 555.123.4567", "[redacted], [redacted]"),
        ("jane@example", "[redacted]"),
        ("mailto:jane%40mail.example", "mailto:[redacted]"),
        ("\"jane doe\"@mail.example or jane@[192.0.2.1]", "[redacted] or [redacted]"),
        ("ja\u{200b}ne\u{200b}@mail.example", "[redacted]"),
        ("jane＠mail.example", "[redacted]"),
        ("555\u{200b}123\u{200b}4567", "[redacted]"),
        ("jane @ example.com", "[redacted]"),
        ("at jane@ example.com or jane @example.com!", "at [redacted] or [redacted]!"),
        ("jane.doe ＠ mail.example.co.uk", "[redacted]"),
        ("555_123_4567", "[redacted]"),
        ("555,123,4567", "[redacted]"),
        ("555:123:4567", "[redacted]"),
        ("555·123·4567", "[redacted]"),
        ("555 · 123 · 4567", "[redacted]"),
        ("555—123—4567", "[redacted]"),
        ("555*123*4567", "[redacted]"),
        ("tel 0170_1234567, or 030:1234 567", "tel [redacted], or [redacted]"),
        ("+49_170,123:45*67", "[redacted]"),
        ("(555)_123_4567", "[redacted]"),
        ("1*800*555*1234", "[redacted]"),
        ("call 12345", "call [redacted]"),
        ("Call me on 12-345!", "Call me on [redacted]!"),
        ("my number is 123456", "my number is [redacted]"),
        ("Telefon: 123 456", "Telefon: [redacted]"),
        ("phone (12345)", "phone [redacted]"),
    ] {
        assert_eq!(scrub(text), expected, "{text}");
    }
}

#[test]
fn what_is_neither_stays() {
    for text in [
        "order #123 ships on 24.12.",
        "€ 19.99 @ 3 p.m.",
        "",
        "room 4, 2nd floor (3)",
        "2 boxes @ 4.50",
        "meet @ noon",
        "order 12345 and #123456",
        "my order number is 12345",
        "call me about order 12345",
        "€ 1,234,567.00 or 1,234,567",
        "on 24.12. from 10:30:15 to 11:45:00",
        "at 01:02:03:04",
        "2026:07:02",
        "1990—2000",
        "ORD_555_123_4567",
        "#555_123_4567",
        "2024_000123",
        "sizes 36,38,40,42,44",
        "12,99, 13,99 and 14,99",
        "+1,234,567 views",
        "ratio 16:9, 1920*1080",
    ] {
        assert_eq!(scrub(text), text);
    }
}

#[test]
fn what_is_known_goes_however_it_is_written() {
    let known = Known {
        mails: vec!["Jane+x@Example.com".to_owned()],
        numbers: vec!["12345".to_owned(), "491701234567".to_owned()],
    };
    for (text, expected) in [
        ("is order 12345 mine?", "is order [redacted] mine?"),
        ("1 2-3_4*5", "[redacted]"),
        ("123456 and 012345 and 1234", "123456 and 012345 and 1234"),
        ("(jane+X@example.COM)", "([redacted])"),
        ("49/170/1234567", "[redacted]"),
    ] {
        assert_eq!(scrubbed(text, &known), expected, "{text}");
    }
}

#[test]
fn nothing_is_left_of_many_addresses_side_by_side() {
    let text = "a@b.example,c@d.example;e@f.example a@b@c.example";
    let out = scrub(text);
    assert!(!out.contains('@'), "{out}");
}

#[test]
fn a_number_goes_whatever_stands_between_its_groups() {
    for (text, expected) in [
        ("my number ０３－１２３４－５６７８ ok", "my number [redacted] ok"),
        ("０３ー１２３４ー５６７８", "[redacted]"),
        ("it is 555\u{2012}123\u{2012}4567 now", "it is [redacted] now"),
        ("555\u{2212}123\u{2212}4567", "[redacted]"),
        ("555 • 123 • 4567", "[redacted]"),
        ("555|123|4567", "[redacted]"),
        ("555;123;4567 or 555 ; 123 ; 4567", "[redacted] or [redacted]"),
        ("555~123~4567", "[redacted]"),
        ("555 , 123 , 4567", "[redacted]"),
        ("555 : 123 : 4567", "[redacted]"),
        ("06:12:34:56:78 mobile", "[redacted] mobile"),
        ("fr 06,12,34,56,78", "fr [redacted]"),
        ("555    123    4567", "[redacted]"),
        ("+1|555|123|4567", "[redacted]"),
        (
            "https://shop.example/?tel=%2B1%20555%20123%204567",
            "https://shop.example/?tel=[redacted]",
        ),
        ("see tel:+1%2D555%2D123%2D4567 x", "see tel:[redacted] x"),
        ("see 555&nbsp;123&nbsp;4567", "see [redacted]"),
        ("555&amp;nbsp;123&amp;nbsp;4567", "[redacted]"),
        ("<p>555<b>123</b>4567</p>", "<p>[redacted]</p>"),
        ("**555**123**4567**", "**[redacted]**"),
        ("+1\u{2066}555\u{2069} 123\u{2066}4567", "[redacted]"),
        ("5️⃣5️⃣5️⃣1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣7️⃣!", "[redacted]!"),
    ] {
        assert_eq!(scrub(text), expected, "{text}");
    }
}

#[test]
fn an_address_goes_however_it_is_hidden() {
    for (text, expected) in [
        ("to jane&#64;example.com!", "to [redacted]!"),
        ("jane&#x40;example.com", "[redacted]"),
        ("<a href=\"mailto:jane&commat;example.com\">", "<a href=\"mailto:[redacted]\">"),
        (r#"{"e":"jane\u0040example.com"}"#, r#"{"e":"[redacted]"}"#),
        (r"jane\@example\.com", "[redacted]"),
        ("jane%2540example.com", "[redacted]"),
        ("jane (at) example.com", "[redacted]"),
        ("jane [AT] example [dot] com", "[redacted]"),
        ("jane(@)example.com", "[redacted]"),
        ("jane<wbr>@example.com", "[redacted]"),
        ("jane@<b>example</b>.com", "[redacted]"),
        ("jane@**example.com**", "[redacted]**"),
        ("jane@_example.com_", "[redacted]_"),
        ("write to jane@\nexample.com", "write to [redacted]"),
        ("jane @ example . com", "[redacted]"),
        ("at jose\u{301}@example.com now", "at [redacted] now"),
        ("jane@exa\u{308}mple.com", "[redacted]"),
        ("jane\u{2062}@example.com", "[redacted]"),
        ("\u{202a}jane@example.com\u{202c}", "[redacted]"),
        ("jane＠example．com", "[redacted]"),
        ("jane@example。com", "[redacted]"),
        ("“visitor@example.com”", "“[redacted]”"),
    ] {
        assert_eq!(scrub(text), expected, "{text}");
    }
}

#[test]
fn what_only_looks_like_an_escape_or_a_separator_stays() {
    for text in [
        "100% sure, 5%20 or 50%",
        "a & b &c; d&e, R&D",
        r"C:\new\1234 and \d{5}",
        "meet me (at) noon [at] home",
        "sizes 36;38;40;42;44 or 36|38|40",
        "10:30 • 11:45 • 12:30",
        "10~12 or 1000~2000",
        "1 < 2 <b>bold</b> **12** _3_ 4*5",
        "version 1.2.3, see <https://example.com/a_b>",
        "page 1    2    3",
    ] {
        assert_eq!(scrub(text), text);
    }
}

#[test]
fn a_known_number_goes_as_it_is_dialled_at_home() {
    let known =
        Known { mails: Vec::new(), numbers: vec!["15551234567".into(), "491701234567".into()] };
    for (text, expected) in [
        ("555|123|4567", "[redacted]"),
        ("it is 123/4567", "it is [redacted]"),
        ("0170 = 123 = 4567", "[redacted]"),
        ("0049=170=1234567", "[redacted]"),
        ("order 123456", "order 123456"),
    ] {
        assert_eq!(scrubbed(text, &known), expected, "{text}");
    }
}

#[test]
fn a_text_of_signs_takes_no_longer_than_a_text_of_words() {
    let known = Known { mails: vec!["a@b.example".into()], numbers: vec!["15551234567".into()] };
    let time = |text: &str| {
        let began = std::time::Instant::now();
        let scrubbed = scrubbed(text, &known);
        assert!(!scrubbed.is_empty());
        began.elapsed()
    };
    let plain = time(&"hello 12 ".repeat(1_800)).max(std::time::Duration::from_millis(5));
    for piece in [
        "+1", "%40", "12345 a ", "a@", "@[", "(1", "1    ", "<b ", "<!--", "&#6", "\\u", "%25",
        "1|", "\"@", "@ . a", "1 ", "12345", "1/", "**", "0",
    ] {
        let text = piece.repeat(16_000 / piece.len());
        let taken = time(&text);
        // What is quadratic takes thousands of times as long.
        assert!(taken < plain * 100, "{piece}: {taken:?} beside {plain:?}");
    }
}
