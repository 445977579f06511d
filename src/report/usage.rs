//! What the operating system counted for this process, as Linux tells in `/proc/self`
//! (`proc(5)`). Zeros elsewhere.

use std::fs::read_to_string;

/// Clock ticks per second in `/proc/self/stat`; Linux has shown 100 to programs for ever.
const TICKS: f64 = 100.0;
/// `getrusage(2)` counts blocks of this many bytes.
const BLOCK: i64 = 512;

/// Time, memory and blocks of disk.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    /// Time in the program.
    pub user_seconds: f64,
    /// Time in the kernel.
    pub system_seconds: f64,
    /// The most memory it ever had.
    pub max_resident_kb: i64,
    /// Blocks read from a disk.
    pub blocks_in: i64,
    /// Blocks written to a disk.
    pub blocks_out: i64,
}

/// The counts so far.
pub fn of_process() -> Usage {
    let read = |name: &str| read_to_string(format!("/proc/self/{name}")).unwrap_or_default();
    let stat = read("stat");
    // The program's name may have blanks, and ends with the last parenthesis.
    let after_name = stat.rsplit_once(')').map_or("", |parts| parts.1);
    let ticks = |place: usize| {
        let field = after_name.split_whitespace().nth(place);
        field.and_then(|field| field.parse::<f64>().ok()).unwrap_or_default()
    };
    let io = read("io");
    Usage {
        user_seconds: ticks(11) / TICKS,
        system_seconds: ticks(12) / TICKS,
        max_resident_kb: field(&read("status"), "VmHWM:"),
        blocks_in: field(&io, "read_bytes:") / BLOCK,
        blocks_out: field(&io, "write_bytes:") / BLOCK,
    }
}

/// The number of a line such as `VmHWM:   1234 kB`.
fn field(text: &str, name: &str) -> i64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|rest| rest.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_name() {
        assert_eq!(field("VmPeak: 9 kB\nVmHWM:\t  1234 kB\n", "VmHWM:"), 1234);
        assert_eq!(field("", "VmHWM:"), 0);
    }
}
