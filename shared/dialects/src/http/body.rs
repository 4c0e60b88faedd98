//! Request bodies: bounded in bytes and time, JSON objects only.

use std::collections::BTreeMap;
use std::time::Duration;

use aiva_core::error::Error;
use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::Map;
use serde_json::value::RawValue;

use super::{Failure, Fields};

/// What UTF-8 is called (WHATWG, Encoding, 4.2).
const UTF_8: [&str; 6] =
    ["utf-8", "utf8", "unicode-1-1-utf-8", "unicode11utf8", "unicode20utf8", "x-unicode20utf8"];

/// How long a caller may take to send its body.
const READ_TIMEOUT: Duration = Duration::from_secs(20);

/// Reads a body of at most so many bytes whole.
pub(super) async fn read(headers: &HeaderMap, body: Body, most: usize) -> Result<Bytes, Failure> {
    if announced_bytes(headers).is_some_and(|length| length > most as u64) {
        return Err(Failure::PayloadTooLarge { most });
    }
    let bounded = Limited::new(body, most).collect();
    match tokio::time::timeout(READ_TIMEOUT, bounded).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Failure::PayloadTooLarge { most }),
        Ok(Err(_)) => Err(Failure::MalformedJson("the body broke off".to_owned())),
        Err(_) => Err(Failure::MalformedJson("the body did not arrive in time".to_owned())),
    }
}

fn announced_bytes(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Reads a body as a JSON object.
pub(super) fn object(headers: &HeaderMap, body: &[u8]) -> Result<Fields, Failure> {
    if body.is_empty() {
        return Err(Failure::MalformedJson("the body is empty; send a JSON object".to_owned()));
    }
    if !is_json(headers) {
        return Err(Failure::UnsupportedMediaType(Failure::JSON));
    }
    let text = std::str::from_utf8(body).map_err(|error| {
        Failure::MalformedJson(format!("the body is not UTF-8 at byte {}", error.valid_up_to()))
    })?;
    let whole: &RawValue = serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        Failure::MalformedJson(format!(
            "the body is not valid JSON at line {line}, column {column}"
        ))
    })?;
    match serde_json::from_str::<BTreeMap<String, Box<RawValue>>>(whole.get()) {
        Ok(fields) => Ok(Fields::sent(fields)),
        Err(_) => Err(Error::invalid("body", "must be a JSON object").into()),
    }
}

/// Like [`object`], but nothing at all is an object without fields.
pub(super) fn object_or_nothing(headers: &HeaderMap, body: &[u8]) -> Result<Fields, Failure> {
    if body.is_empty() { Ok(Fields::new(Map::new())) } else { object(headers, body) }
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok())
    else {
        return false;
    };
    let mut parts = value.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default();
    kind.eq_ignore_ascii_case("application/json")
        && parts.filter_map(|parameter| parameter.split_once('=')).all(|(name, value)| {
            let charset = value.trim().trim_matches('"').trim();
            !name.trim().eq_ignore_ascii_case("charset")
                || UTF_8.iter().any(|label| charset.eq_ignore_ascii_case(label))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_kind(kind: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, kind.parse().unwrap());
        headers
    }

    #[test]
    fn json_is_json_with_any_parameters_and_in_utf_8() {
        for kind in [
            "application/json",
            "Application/JSON; charset=UTF-8",
            "application/json;charset=\"utf-8\"",
            "application/json; charset=utf8",
            "application/json; Charset=\"UTF8\"",
            "application/json; charset=Unicode-1-1-UTF-8",
            "application/json; profile=x",
        ] {
            assert!(is_json(&of_kind(kind)), "{kind}");
        }
        for kind in [
            "text/json",
            "application/json; charset=latin1",
            "application/x-www-form-urlencoded",
            "",
        ] {
            assert!(!is_json(&of_kind(kind)), "{kind}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }

    #[test]
    fn what_is_no_json_object_is_refused_with_the_place() {
        let headers = of_kind("application/json");
        let Err(Failure::MalformedJson(place)) = object(&headers, b"{\n  \"a\": }") else {
            panic!("malformed JSON was read");
        };
        assert_eq!(place, "the body is not valid JSON at line 2, column 8");
        assert!(matches!(object(&headers, b"{\"a\":\"\xff\"}"), Err(Failure::MalformedJson(_))));
        assert!(matches!(object(&headers, b""), Err(Failure::MalformedJson(_))));
        assert!(matches!(object(&headers, b"[1]"), Err(Failure::Core(Error::Invalid(_)))));
        assert!(matches!(object(&HeaderMap::new(), b"{}"), Err(Failure::UnsupportedMediaType(_))));
        assert!(object_or_nothing(&HeaderMap::new(), b"").is_ok());
    }
}
