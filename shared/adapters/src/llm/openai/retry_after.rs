//! The `Retry-After` header (RFC 9110, 10.2.3).

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};

/// Reads the header, seconds or a date. A date is read against the answer's own `Date`, so that no
/// clock of ours has to agree with the endpoint's; one that has passed asks for no wait.
pub(super) fn of(headers: &HeaderMap) -> Option<Duration> {
    let value = text(headers, &RETRY_AFTER)?;
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let wait = moment(value)?.duration_since(moment(text(headers, &DATE)?)?);
    Some(Duration::try_from(wait).unwrap_or(Duration::ZERO))
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn moment(date: &str) -> Option<Timestamp> {
    DateTimeParser::new().parse_timestamp(date).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(retry_after: &str) -> Option<u64> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, retry_after.parse().unwrap());
        headers.insert(DATE, "Fri, 20 Nov 2026 12:00:00 GMT".parse().unwrap());
        of(&headers).map(|wait| wait.as_secs())
    }

    #[test]
    fn seconds_and_dates_are_read() {
        assert_eq!(asked("7"), Some(7));
        assert_eq!(asked("Fri, 20 Nov 2026 12:00:30 GMT"), Some(30));
        assert_eq!(asked("Fri, 20 Nov 2026 11:00:00 GMT"), Some(0));
        assert_eq!(asked("soon"), None);
        assert_eq!(of(&HeaderMap::new()), None);
    }
}
