//! Forms with a file: `multipart/form-data`, bounded in bytes and in parts.

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, header};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::{Failure, Fields};

/// Parts of one form at most.
const MAX_PARTS: usize = 50;
/// Bytes of one part that is no file.
const MAX_TEXT_BYTES: usize = 64 * 1024;
/// The part that holds the file.
const FILE: &str = "file";

/// A form as it was sent.
#[derive(Debug)]
pub struct Form {
    fields: Map<String, Value>,
    /// Its file, if it has one.
    pub file: Option<FormFile>,
}

/// The file of a form.
#[derive(Debug, Clone)]
pub struct FormFile {
    /// Its name, as the sender gave it.
    pub name: String,
    /// Its bytes.
    pub bytes: Bytes,
}

impl Form {
    /// The parts that are no file: each a text, those of one name a list; `lists` names those that are
    /// lists even of one.
    pub fn fields(&self, lists: &[&str]) -> Fields {
        let mut fields = self.fields.clone();
        for name in lists {
            if let Some(text) = fields.get_mut(*name).filter(|value| value.is_string()) {
                *text = Value::Array(vec![text.take()]);
            }
        }
        Fields::new(fields)
    }

    /// What tells the form from another, however its parts were bounded.
    pub fn canonical(&self) -> Vec<u8> {
        let mut all = self.fields(&[]).canonical();
        if let Some(file) = &self.file {
            all.push(0);
            all.extend_from_slice(file.name.as_bytes());
            all.push(0);
            all.extend_from_slice(&Sha256::digest(&file.bytes));
        }
        all
    }
}

/// What bounds the parts of a body that is declared as a form.
pub(super) fn boundary(headers: &HeaderMap) -> Option<String> {
    multer::parse_boundary(headers.get(header::CONTENT_TYPE)?.to_str().ok()?).ok()
}

pub(super) async fn read(body: Bytes, boundary: String) -> Result<Form, Failure> {
    let whole = stream::once(std::future::ready(Ok::<_, Infallible>(body)));
    let mut parts = multer::Multipart::new(whole, boundary);
    let mut form = Form { fields: Map::new(), file: None };
    let mut count = 0;
    while let Some(part) = parts.next_field().await.map_err(|_| broken("breaks off"))? {
        count += 1;
        if count > MAX_PARTS {
            return Err(broken("has more than 50 parts"));
        }
        let name = part.name().map(str::to_owned).ok_or_else(|| broken("has a part of no name"))?;
        let file_name = part.file_name().map(str::to_owned);
        let bytes = part.bytes().await.map_err(|_| broken("breaks off"))?;
        if name == FILE {
            let name = file_name.unwrap_or_default();
            if form.file.replace(FormFile { name, bytes }).is_some() {
                return Err(broken("has more than one file"));
            }
            continue;
        }
        if bytes.len() > MAX_TEXT_BYTES {
            return Err(broken("has a part of more than 65,536 bytes that is no file"));
        }
        let text = std::str::from_utf8(&bytes).map_err(|_| broken("is not UTF-8"))?;
        add(&mut form.fields, name, Value::from(text));
    }
    Ok(form)
}

/// A second text of one name makes a list of both.
fn add(fields: &mut Map<String, Value>, name: String, text: Value) {
    match fields.get_mut(&name) {
        None => {
            fields.insert(name, text);
        }
        Some(Value::Array(all)) => all.push(text),
        Some(first) => *first = Value::Array(vec![first.take(), text]),
    }
}

fn broken(how: &str) -> Failure {
    Failure::MalformedJson(format!("the form {how}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(kind: &str, body: &str) -> Result<Form, Failure> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, kind.parse().unwrap());
        let boundary = boundary(&headers).ok_or(Failure::UnsupportedMediaType(Failure::FORM))?;
        let body = Bytes::from(body.replace('\n', "\r\n"));
        futures_util::FutureExt::now_or_never(read(body, boundary)).unwrap()
    }

    const DECLARED: &str = "multipart/form-data; boundary=x";

    fn part(disposition: &str, body: &str) -> String {
        format!("--x\nContent-Disposition: form-data; {disposition}\n\n{body}\n")
    }

    #[test]
    fn a_form_is_its_texts_and_its_file() {
        let body = [
            part("name=\"title\"", "Prices"),
            part("name=\"tags\"", "a"),
            part("name=\"tags\"", "b"),
            part("name=\"file\"; filename=\"prices.csv\"", "sku,price\nA,1"),
            "--x--\n".to_owned(),
        ];
        let form = form(DECLARED, &body.concat()).unwrap();
        assert_eq!(form.fields["title"], "Prices");
        assert_eq!(form.fields["tags"], serde_json::json!(["a", "b"]));
        let file = form.file.as_ref().unwrap();
        assert_eq!(
            (file.name.as_str(), &file.bytes[..]),
            ("prices.csv", b"sku,price\r\nA,1".as_slice())
        );
    }

    #[test]
    fn the_same_form_with_another_boundary_is_the_same() {
        let body = part("name=\"file\"; filename=\"a\"", "text") + "--x--\n";
        let one = form(DECLARED, &body).unwrap().canonical();
        let other = form("multipart/form-data; boundary=yy", &body.replace("--x", "--yy"));
        assert_eq!(one, other.unwrap().canonical());
        let changed = form(DECLARED, &body.replace("text", "tent")).unwrap().canonical();
        assert_ne!(one, changed);
    }

    #[test]
    fn what_is_no_whole_form_is_refused() {
        let whole = part("name=\"title\"", "a") + "--x--\n";
        assert!(matches!(form("application/json", &whole), Err(Failure::UnsupportedMediaType(_))));
        assert!(matches!(
            form("multipart/form-data", &whole),
            Err(Failure::UnsupportedMediaType(_))
        ));
        let many = part("name=\"a\"", "b").repeat(51) + "--x--\n";
        let two = part("name=\"file\"", "b").repeat(2) + "--x--\n";
        let long = part("name=\"a\"", &"b".repeat(70_000)) + "--x--\n";
        for body in [&whole[..20], &whole[..whole.len() - 8], &many, &two, &long] {
            assert!(matches!(form(DECLARED, body), Err(Failure::MalformedJson(_))), "{body:.80}");
        }
    }
}
