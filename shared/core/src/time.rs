//! Times on the wire and calendar months.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// RFC 3339 in UTC with milliseconds: `2026-07-02T10:30:00.000Z`.
pub fn millis(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// RFC 3339 in UTC with seconds: `2026-07-02T10:30:00Z`.
pub fn seconds(at: Timestamp) -> String {
    format!("{at:.0}")
}

/// The calendar month (UTC) as `yyyymm`.
pub fn month(at: Timestamp) -> u32 {
    let date = at.to_zoned(TimeZone::UTC).date();
    u32::try_from(i32::from(date.year()) * 100 + i32::from(date.month())).unwrap_or(0)
}

/// The month `back` months before a month given as `yyyymm`.
pub fn month_before(month: u32, back: u32) -> u32 {
    let index = (month / 100) * 12 + (month % 100).saturating_sub(1);
    let earlier = index.saturating_sub(back);
    (earlier / 12) * 100 + earlier % 12 + 1
}

/// The first moment of the next calendar month (UTC).
pub fn next_month(at: Timestamp) -> Timestamp {
    let date = at.to_zoned(TimeZone::UTC).date();
    let first = date.last_of_month().tomorrow();
    first.and_then(|day| day.to_zoned(TimeZone::UTC)).map_or(at, |zoned| zoned.timestamp())
}

/// The day (UTC) as `yyyymmdd`.
pub fn day(at: Timestamp) -> u32 {
    let date = at.to_zoned(TimeZone::UTC).date();
    month(at) * 100 + u32::try_from(date.day()).unwrap_or(0)
}

/// The first moment of the next day (UTC).
pub fn next_day(at: Timestamp) -> Timestamp {
    let day = at.as_second().div_euclid(86_400) + 1;
    Timestamp::from_second(day * 86_400).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_the_documents_show_them() {
        let at: Timestamp = "2026-07-02T10:30:00Z".parse().unwrap();
        assert_eq!(millis(at), "2026-07-02T10:30:00.000Z");
        assert_eq!(seconds(at), "2026-07-02T10:30:00Z");
        assert_eq!(month(at), 202_607);
        assert_eq!(next_month(at), "2026-08-01T00:00:00Z".parse().unwrap());
        assert_eq!(
            next_month("2026-12-31T23:59:59Z".parse().unwrap()),
            "2027-01-01T00:00:00Z".parse().unwrap()
        );
        assert_eq!(month_before(202_601, 13), 202_412);
        assert_eq!(day(at), 20_260_702);
        assert_eq!(next_day(at), "2026-07-03T00:00:00Z".parse().unwrap());
    }
}
