//! What programs write for a character: `%40`, `&#64;`, `\u0040`, and `(at)`, which people write.

use aiva_core::contact::Folded;

/// Escapes of escapes that are followed: what passed through more hands is unlikely, and each costs a look.
const MAX_ROUNDS: usize = 3;
/// Bytes of an escape at most, its ends included.
const MAX_BYTES: usize = 16;

/// The text with every character written as itself.
pub(super) fn decoded(text: &str) -> Folded {
    let mut decoded = once(text);
    for _ in 1..MAX_ROUNDS {
        let next = once(decoded.text());
        if next.text() == decoded.text() {
            break;
        }
        decoded = decoded.then(next);
    }
    decoded
}

fn once(text: &str) -> Folded {
    let (mut folded, mut at) = (Folded::default(), 0);
    while let Some(first) = text[at..].chars().next() {
        let (character, length) = escaped(&text[at..]).unwrap_or((first, first.len_utf8()));
        let end = at + length;
        folded.fold(character, (at, end), &text[end..]);
        at = end;
    }
    folded
}

/// The character that an escape at the beginning of a text stands for, and the length of the escape.
fn escaped(text: &str) -> Option<(char, usize)> {
    match text.as_bytes().first()? {
        b'%' => percent(text),
        b'&' => entity(text),
        b'\\' => backslash(text),
        b'(' => said(text, ')'),
        b'[' => said(text, ']'),
        b'{' => said(text, '}'),
        b'<' => said(text, '>'),
        _ => None,
    }
}

/// Digits and nothing else as a number.
fn number(digits: &str, radix: u32) -> Option<u32> {
    let is_number = digits.chars().all(|digit| digit.is_digit(radix));
    u32::from_str_radix(digits, radix).ok().filter(|_| is_number)
}

fn percent(text: &str) -> Option<(char, usize)> {
    let byte = |place: usize| {
        let code = text.get(3 * place..3 * place + 3)?.strip_prefix('%')?;
        u8::try_from(number(code, 16)?).ok()
    };
    let length = match byte(0)? {
        0x00..=0x7f => 1,
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        0x80..=0xc1 | 0xf5..=0xff => return None,
    };
    let bytes: Vec<u8> = (0..length).map_while(byte).collect();
    let character = std::str::from_utf8(&bytes).ok()?.chars().next()?;
    Some((character, 3 * length))
}

/// The entities of HTML that stand in addresses and numbers, or hide the others.
const ENTITIES: [(&str, char); 39] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("commat", '@'),
    ("period", '.'),
    ("lowbar", '_'),
    ("hyphen", '-'),
    ("dash", '-'),
    ("ndash", '-'),
    ("mdash", '—'),
    ("minus", '-'),
    ("plus", '+'),
    ("num", '#'),
    ("percnt", '%'),
    ("lpar", '('),
    ("rpar", ')'),
    ("lsqb", '['),
    ("rsqb", ']'),
    ("sol", '/'),
    ("bsol", '\\'),
    ("colon", ':'),
    ("semi", ';'),
    ("comma", ','),
    ("ast", '*'),
    ("verbar", '|'),
    ("vert", '|'),
    ("middot", '·'),
    ("bull", '•'),
    ("nbsp", ' '),
    ("ensp", ' '),
    ("emsp", ' '),
    ("thinsp", ' '),
    ("Tab", ' '),
    ("NewLine", '\n'),
    ("shy", '\u{ad}'),
    ("zwj", '\u{200d}'),
    ("zwnj", '\u{200c}'),
];

/// `&#64;`, `&#x40;` or `&commat;`; a browser reads a number without its semicolon, too.
fn entity(text: &str) -> Option<(char, usize)> {
    let body = &text[1..];
    if let Some(code) = body.strip_prefix('#') {
        let (digits, radix) = match code.strip_prefix(['x', 'X']) {
            Some(digits) => (digits, 16),
            None => (code, 10),
        };
        let length =
            digits.bytes().take(MAX_BYTES).take_while(|c| char::from(*c).is_digit(radix)).count();
        let character = char::from_u32(number(&digits[..length], radix)?)?;
        let rest = &digits[length..];
        let rest = rest.strip_prefix(';').unwrap_or(rest);
        return Some((character, text.len() - rest.len()));
    }
    let length = body.bytes().take(MAX_BYTES).position(|byte| byte == b';')?;
    let (_, character) = ENTITIES.iter().find(|(name, _)| *name == &body[..length])?;
    Some((*character, length + 2))
}

/// `\u0040`, `\u{40}`, `\x40`, `\n`, and the signs that Markdown wants escaped.
fn backslash(text: &str) -> Option<(char, usize)> {
    let hex = |digits: &str| number(digits, 16).and_then(char::from_u32);
    match text.as_bytes().get(1)? {
        b'u' if text.as_bytes().get(2) == Some(&b'{') => {
            let length = text[3..].bytes().take(MAX_BYTES).position(|byte| byte == b'}')?;
            Some((hex(&text[3..3 + length])?, length + 4))
        }
        b'u' => Some((hex(text.get(2..6)?)?, 6)),
        b'x' => Some((hex(text.get(2..4)?)?, 4)),
        b'n' | b'r' => Some(('\n', 2)),
        b't' => Some((' ', 2)),
        sign if sign.is_ascii_punctuation() => Some((char::from(*sign), 2)),
        _ => None,
    }
}

/// What people write, in any brackets, so that no program finds an address.
fn said(text: &str, close: char) -> Option<(char, usize)> {
    let length = text.char_indices().take(MAX_BYTES).find(|(_, sign)| *sign == close)?.0;
    let word = text[1..length].trim().to_lowercase();
    let sign = match word.as_str() {
        "at" | "@" | "ät" | "arroba" => '@',
        "dot" | "." | "punkt" | "punto" | "point" => '.',
        _ => return None,
    };
    Some((sign, length + 1))
}
