//! CSV as Python's `csv` module reads it: forgiving about quotes, and a blank line is a
//! record without fields.

/// A record and the line it begins on, from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub line: usize,
    pub fields: Vec<String>,
}

/// The records of a text. Line ends of all systems count, inside of quotes as well.
pub(super) fn records(text: &str, delimiter: char) -> Vec<Record> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut reader = Reader { delimiter, records: Vec::new(), fields: Vec::new(), begun: 1 };
    reader.read(&text);
    reader.records
}

struct Reader {
    delimiter: char,
    records: Vec<Record>,
    fields: Vec<String>,
    begun: usize,
}

impl Reader {
    fn read(&mut self, text: &str) {
        let mut line = 1;
        let mut chars = text.chars().peekable();
        let mut field = String::new();
        // Whether the record has anything in it, and whether the field is inside quotes.
        let (mut any, mut quoted) = (false, false);
        let mut at_start = true;
        while let Some(char) = chars.next() {
            if char == '\n' {
                line += 1;
            }
            match char {
                '"' if quoted && chars.peek() == Some(&'"') => {
                    chars.next();
                    field.push('"');
                }
                '"' if quoted => quoted = false,
                '"' if at_start => quoted = true,
                '\n' if !quoted => {
                    if any {
                        self.fields.push(std::mem::take(&mut field));
                    }
                    self.end_record(line);
                    (any, at_start) = (false, true);
                    continue;
                }
                char if char == self.delimiter && !quoted => {
                    self.fields.push(std::mem::take(&mut field));
                    (any, at_start) = (true, true);
                    continue;
                }
                char => field.push(char),
            }
            (any, at_start) = (true, false);
        }
        if any {
            self.fields.push(field);
            self.end_record(line);
        }
    }

    fn end_record(&mut self, next_line: usize) {
        let fields = std::mem::take(&mut self.fields);
        self.records.push(Record { line: self.begun, fields });
        self.begun = next_line;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> Vec<Vec<String>> {
        records(text, ',').into_iter().map(|record| record.fields).collect()
    }

    #[test]
    fn quotes_are_pythons() {
        assert_eq!(fields("a,\"b,\"\"c\"\"\nd\"\n"), [["a", "b,\"c\"\nd"]]);
        assert_eq!(fields("\"ab\"c,d\"e\""), [["abc", "d\"e\""]]);
        assert_eq!(fields("\"\",x"), [["", "x"]]);
    }

    #[test]
    fn blank_lines_and_line_ends() {
        assert_eq!(fields("\u{feff}a,b\r\n\r\nc,\r"), [vec!["a", "b"], vec![], vec!["c", ""]]);
        assert_eq!(fields(""), Vec::<Vec<String>>::new());
        assert_eq!(fields(","), [["", ""]]);
    }

    #[test]
    fn records_know_their_line() {
        let lines: Vec<usize> =
            records("a\n\"b\nc\"\nd", ',').iter().map(|record| record.line).collect();
        assert_eq!(lines, [1, 2, 4]);
    }
}
