//! Times as dbt writes them: UTC, microseconds.

use jiff::Timestamp;
use jiff::tz::TimeZone;

fn format(time: Timestamp, pattern: &str) -> String {
    time.to_zoned_datetime(TimeZone::UTC).strftime(pattern).to_string()
}

/// `2026-11-24T08:26:20.713538Z`, as in artifacts and logs.
pub fn timestamp(time: Timestamp) -> String {
    format(time, "%Y-%m-%dT%H:%M:%S.%6fZ")
}

/// `2026-11-24T08:26:20.713538`, as in dbt's `node_info`.
pub fn naive(time: Timestamp) -> String {
    format(time, "%Y-%m-%dT%H:%M:%S.%6f")
}

/// `2026-11-24T08:26:20.713538+00:00`, as in dbt's `run_started_at`.
pub fn with_offset(time: Timestamp) -> String {
    format(time, "%Y-%m-%dT%H:%M:%S.%6f+00:00")
}

/// `2026-11-24T08:26:20.713538+00:00`, as Python's `isoformat()` has it: without microseconds
/// when there are none. As in `sources.json`.
pub fn iso(time: Timestamp) -> String {
    let has_micros = time.subsec_nanosecond() != 0;
    let seconds = time.to_zoned_datetime(TimeZone::UTC).datetime();
    let micros = if has_micros {
        format!(".{:06}", seconds.subsec_nanosecond() / 1000)
    } else {
        String::new()
    };
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{micros}+00:00",
        seconds.year(),
        seconds.month(),
        seconds.day(),
        seconds.hour(),
        seconds.minute(),
        seconds.second()
    )
}

/// `08:26:20`, at the beginning of text lines.
pub fn short_time(time: Timestamp) -> String {
    format(time, "%H:%M:%S")
}

/// `08:26:20.713538`, at the beginning of log lines.
pub fn time_of_day(time: Timestamp) -> String {
    format(time, "%H:%M:%S.%6f")
}
