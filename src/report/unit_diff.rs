//! Colours for how the rows of a unit test differ from what was expected, as dbt has them.

use super::style::Style;

const HEADLINE: &str = "actual differs from expected:";

/// The message with the table in it coloured; others as they are.
pub fn coloured(message: &str, style: Style) -> String {
    let Some((before, table)) = message.split_once(HEADLINE) else { return message.to_owned() };
    let headline = format!("{} differs from {}:", style.green("actual"), style.red("expected"));
    let lines: Vec<String> = table.split('\n').map(|line| coloured_line(line, style)).collect();
    format!("{before}{headline}{}", lines.join("\n"))
}

fn coloured_line(line: &str, style: Style) -> String {
    if line.starts_with("+++") {
        return style.green(line);
    }
    if line.starts_with("---") {
        return style.red(line);
    }
    let Some(cells) = line.strip_prefix('→') else { return line.to_owned() };
    let cells = cells.split(',').map(|cell| match cell.split_once('→') {
        Some((old, new)) => format!("{}{}{}", style.red(old), style.blue("→"), style.green(new)),
        None => cell.to_owned(),
    });
    format!("{}{}", style.blue("→"), cells.collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &str = "\n\nactual differs from expected:\n\n@@ ,id,n\n→  ,1 ,8→7\n+++,2 ,3\n";

    #[test]
    fn changed_cells_are_red_and_green() {
        let text = coloured(MESSAGE, Style { colour: true, ..Style::PLAIN });
        assert!(
            text.contains("\u{1b}[31m8\u{1b}[0m\u{1b}[34m→\u{1b}[0m\u{1b}[32m7\u{1b}[0m"),
            "{text}"
        );
        assert!(text.contains("\u{1b}[32m+++,2 ,3\u{1b}[0m"), "{text}");
    }

    #[test]
    fn without_colours_nothing_changes() {
        assert_eq!(coloured(MESSAGE, Style::PLAIN), MESSAGE);
        assert_eq!(coloured("Got 1 result", Style::PLAIN), "Got 1 result");
    }
}
