//! Colours, plurals and the dotted lines of dbt's text output.

use std::fmt::Write as _;
use std::time::Duration;

/// Whether to use ANSI colours, and how wide the lines about nodes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Use ANSI colours.
    pub colour: bool,
    /// Width of the lines about nodes, up to their status.
    pub width: usize,
}

impl Style {
    /// No colours, dbt's default width.
    pub const PLAIN: Self = Self { colour: false, width: 80 };

    fn paint(self, code: &str, text: &str) -> String {
        if self.colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// For what failed.
    pub fn red(self, text: &str) -> String {
        self.paint("31", text)
    }

    /// For what went well.
    pub fn green(self, text: &str) -> String {
        self.paint("32", text)
    }

    /// For what needs a look.
    pub fn yellow(self, text: &str) -> String {
        self.paint("33", text)
    }

    /// For what leads the eye.
    pub fn blue(self, text: &str) -> String {
        self.paint("34", text)
    }

    /// For what carries the message.
    pub fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    /// dbt's tag before warnings.
    pub fn warning_tag(self, text: &str) -> String {
        format!("[{}]: {text}", self.yellow("WARNING"))
    }

    /// A line about a node: `1 of 12 OK created … ....... [SELECT 1 in 0.05s]`.
    pub fn line(
        self,
        text: &str,
        status: &str,
        position: Option<(usize, usize)>,
        time: Option<Duration>,
    ) -> String {
        let mut line = String::new();
        if let Some((index, total)) = position {
            let _ = write!(line, "{index} of {total} ");
        }
        let _ = write!(line, "{text} ");
        let length = line.chars().count();
        line.extend(std::iter::repeat_n('.', self.width.saturating_sub(length)));
        match time {
            Some(time) => {
                let _ = write!(line, " [{status} in {:.2}s]", time.as_secs_f64());
            }
            None => {
                let _ = write!(line, " [{status}]");
            }
        }
        line
    }

    /// Like [`Style::line`], cut to the width; dbt does so for hooks.
    pub fn cut_line(
        self,
        text: &str,
        status: &str,
        position: (usize, usize),
        time: Option<Duration>,
    ) -> String {
        let prefix = format!("{} of {} {text} ", position.0, position.1);
        let room = self.width.saturating_sub(3);
        if prefix.chars().count() <= room {
            return self.line(text, status, Some(position), time);
        }
        let cut: String = prefix.chars().take(room).collect();
        let time = time.map(|time| format!(" in {:.2}s", time.as_secs_f64())).unwrap_or_default();
        format!("{cut}... [{status}{time}]")
    }
}

/// `1 error`, `2 errors`.
pub fn plural(count: usize, noun: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{s}")
}

/// A size for people, such as `1.4 MB`.
pub fn bytes(count: u64) -> String {
    quantity(count, &["B", "kB", "MB", "GB", "TB"])
}

/// A large count for people, such as `1.4M`.
pub fn short_count(count: u64) -> String {
    quantity(count, &["", "k", "M", "G"]).replace(' ', "")
}

#[allow(clippy::cast_precision_loss)] // a few digits are shown
fn quantity(count: u64, units: &[&str]) -> String {
    let mut value = count as f64;
    let mut unit = 0;
    while value >= 1000.0 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 { format!("{count} {}", units[0]) } else { format!("{value:.1} {}", units[unit]) }
}

/// A count with thousands separated, such as `1,234,567`.
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_dotted_to_the_width_before_the_status() {
        let line = Style::PLAIN.line(
            "OK created sql table model dwh.dim_user",
            "SELECT 12",
            Some((1, 12)),
            Some(Duration::from_millis(52)),
        );
        assert_eq!(
            line,
            "1 of 12 OK created sql table model dwh.dim_user ................................ \
             [SELECT 12 in 0.05s]"
        );
        let long = "x".repeat(100);
        assert!(Style::PLAIN.line(&long, "RUN", None, None).ends_with("x  [RUN]"));
        let cut = Style::PLAIN.cut_line(&long, "OK", (1, 1), None);
        assert_eq!(cut.find("... [OK]"), Some(77));
    }

    #[test]
    fn numbers_are_readable() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(1_440_000), "1.4 MB");
        assert_eq!(short_count(1_440_000), "1.4M");
    }
}
