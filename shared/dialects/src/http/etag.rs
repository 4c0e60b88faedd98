//! `If-None-Match`.

use http::{HeaderMap, header};

/// Whether the caller already has what carries this entity tag (quotes included). Tags are compared
/// weakly, as the RFC 9110 asks for here.
pub fn is_none_match(headers: &HeaderMap, etag: &str) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(value: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_NONE_MATCH, value.parse().unwrap());
        is_none_match(&headers, "\"a.1\"")
    }

    #[test]
    fn a_tag_matches_alone_in_a_list_weakly_and_by_a_star() {
        assert!(matches("\"a.1\""));
        assert!(matches("\"x\" , \"a.1\""));
        assert!(matches("W/\"a.1\""));
        assert!(matches("*"));
        assert!(!matches("\"a.2\""));
        assert!(!matches("a.1"));
        assert!(!is_none_match(&HeaderMap::new(), "\"a.1\""));
    }
}
