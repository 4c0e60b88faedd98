//! The query string, decoded once.

use percent_encoding::percent_decode_str;

/// The decoded parameters of a request, in their order. Unknown ones are nobody's business.
#[derive(Debug, Clone, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads a raw query string; what is not UTF-8 is read with replacement characters.
    pub fn parse(raw: Option<&str>) -> Self {
        let pairs = raw.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        Self(
            pairs
                .map(|pair| {
                    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                    (decode(name), decode(value))
                })
                .collect(),
        )
    }

    /// The first parameter of this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

fn decode(text: &str) -> String {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_decoded_and_its_first_value_counts() {
        let query = Query::parse(Some("after=3&user=a%2Bb+c&after=9&flag"));
        assert_eq!(query.get("after"), Some("3"));
        assert_eq!(query.get("user"), Some("a+b c"));
        assert_eq!(query.get("flag"), Some(""));
        assert_eq!(query.get("nothing"), None);
    }
}
